/* The compiler as a library: names the function of a header that it made. */
#include <mdlc.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
  static const char text[] = "entry fn line(x: f32) -> f32 = 3*x + 1\n";
  const char *options[] = {"--emit=header"};
  mdlc_request request = {.name = "line.mdl", .source = text, .length = sizeof text - 1};
  request.options = options;
  request.option_count = 1;
  mdlc_result *result = mdlc_compile(&request);
  size_t length;
  if (mdlc_status(result) != MDLC_OK) return 1;
  const char *at = strstr(mdlc_output(result, 0, &length), "mdl_status line_line(");
  if (at) printf("%.9s\n", at + strlen("mdl_status "));
  mdlc_free(result);
  return at ? 0 : 1;
}
