#include "runtime/mdl.h"

const char *mdl_status_text(mdl_status status) {
  static const char *const texts[] = {
      "all is well",
      "a size is negative, too large, or fails a guard of the entry",
      "an index is out of range",
      "an assert of the source failed",
      "a loop wanted more rounds than its limit",
      "a NaN or infinity appeared",
      "a device pointer is not aligned as the header asks",
      "the device runtime failed",
  };
  unsigned code = (unsigned)MDL_STATUS_CODE(status);
  return code < sizeof texts / sizeof *texts ? texts[code] : "a status that no module returns";
}
