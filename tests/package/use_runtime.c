/* A compiled module with the runtime's texts. */
#include "line.h"
#include <mdl.h>
#include <stdio.h>

int main(void)
{
  float y = 0;
  if (line_line(2, &y) != MDL_OK) return 1;
  mdl_status status = line_line(1000, &y);
  line_line(2, &y);
  printf("line(2) is %g, status %d: %s\n", (double)y, MDL_STATUS_CODE(status),
         mdl_status_text(status));
  return 0;
}
