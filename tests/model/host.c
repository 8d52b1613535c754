/* Models by path: first values from the source's presets, to a file and back, one by value and one
 * whose size is known only here. */
#include "nets.h"
#include "runtime/mdl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int say(const mdl_model *model, const char *why)
{
  if (!why) return 0;
  printf("%s: %s\n", model->at ? model->leaves[model->at] : "the file", why);
  return 1;
}

int main(int argc, char **argv)
{
  static const char *const net_leaves[] = NETS_NET_LEAVES;
  static const char *const line_leaves[] = NETS_LINE_VIEW_LEAVES;
  const uint32_t key[2] = {0, 7};
  const float x[3] = {1, -2, 3};
  const int64_t sizes[] = {3};
  static nets_Net net, other;
  mdl_model saved = {net_leaves, &net, NULL, 0}, loaded = {net_leaves, &other, NULL, 0};
  float block[4] = {0.5f, 1, 2, 3}, y[2], line;
  nets_Line_view view = nets_Line_at(block, 3);
  mdl_model small = {line_leaves, &view, sizes, 0};
  int missing;
  void *work = malloc(1 << 16);
  if (argc < 3 || !work || nets_init(key, &net, work)) return 1;
  if (say(&saved, mdl_model_save(&saved, argv[1]))) return 1;
  if (say(&loaded, mdl_model_load(&loaded, argv[1], NULL))) return 1;
  printf("%s\n", memcmp(&net, &other, sizeof net) ? "differ" : "the same");
  if (nets_net(&other, x, y, work)) return 1;
  printf("%.9g %.9g\n", (double)y[0], (double)y[1]);
  if (say(&small, mdl_model_save(&small, argv[2]))) return 1;
  memset(block, 0, sizeof block);
  if (say(&small, mdl_model_load(&small, argv[2], &missing)) || missing) return 1;
  if (nets_line(3, &view, x, &line, work)) return 1;
  printf("%.9g\n", (double)line);
  say(&small, mdl_model_load(&small, argv[1], NULL));
  free(work);
  return 0;
}
