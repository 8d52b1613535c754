/* The structs of layout.h: what is read and written through them, and where their fields lie. */
#include "layout.h"

#include <stddef.h>
#include <stdio.h>

int main(void)
{
  const layout_Outer in = {true, {1, 2, 3}, 4, {5, 6, 7}, 8, {0, 0, 10}, 9};
  layout_Outer out;
  double packed = 0;
  if (layout_pack(&in, &packed, NULL) || layout_fill(1.5f, &out, NULL)) return 1;
  printf("%.0f\n", packed);
  printf("%d %d %g %d %d %d %g %d %g %d %d %d %d\n", out.flag, out.first.a, (double)out.first.b,
         out.first.c, out.z, out.second.a, (double)out.second.b, out.second.c, out.d, out.w[0],
         out.w[1], out.w[2], out.e);
  printf("%d %d %d %d %d %d\n", (int)offsetof(layout_Outer, first.b),
         (int)offsetof(layout_Outer, z), (int)offsetof(layout_Outer, second.c),
         (int)offsetof(layout_Outer, d), (int)offsetof(layout_Outer, e), (int)sizeof(layout_Outer));
  return 0;
}
