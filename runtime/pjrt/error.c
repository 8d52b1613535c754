/* Errors: the plugin's words, without what XLA hangs behind them. */
#include "runtime/pjrt/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *mdl_pjrt_error(const mdl_pjrt *pjrt)
{
  if (pjrt && !pjrt->failed) return "";
  return !pjrt || !pjrt->error ? "out of memory" : pjrt->error;
}

const char *mdl_pjrt_help(const mdl_pjrt *pjrt) { return pjrt && pjrt->help ? pjrt->help : ""; }

mdl_pjrt_status mdl_pjrt_fail(mdl_pjrt *pjrt, mdl_pjrt_status status, const char *help,
                              const char *format, ...)
{
  va_list list, again;
  int length;
  free(pjrt->error);
  pjrt->failed = 1;
  pjrt->help = help;
  va_start(list, format);
  va_copy(again, list);
  length = vsnprintf(NULL, 0, format, list);
  pjrt->error = length < 0 ? NULL : malloc((size_t)length + 1);
  if (pjrt->error) vsnprintf(pjrt->error, (size_t)length + 1, format, again);
  va_end(again);
  va_end(list);
  return status;
}

mdl_pjrt_status mdl_pjrt_no_memory(mdl_pjrt *pjrt)
{
  return mdl_pjrt_fail(pjrt, MDL_PJRT_MEMORY, NULL, "out of memory");
}

/* After any mistake in a program XLA says that another version of StableHLO may be the reason,
 * shows the op once more, in a spelling that is not the source's, or suspects Python. Returns what
 * is worth reading. */
static size_t worth_reading(const char *text, size_t length)
{
  static const char *const tails[] = {
      "<unknown>:0: error: Failed to parse using StableHLO",
      ": note: see current operation:", "Suspected Python Code Location:"};
  size_t i, start;
  for (i = 0; i < sizeof tails / sizeof *tails; i++) {
    size_t tail = strlen(tails[i]);
    for (start = 0; start + tail <= length; start++) {
      if (memcmp(text + start, tails[i], tail)) continue;
      while (start && text[start - 1] != '\n') start--;
      if (start) length = start; /* unless nothing else is said */
      break;
    }
  }
  while (length && strchr(" \t\n", text[length - 1])) length--;
  return length;
}

mdl_pjrt_status mdl_pjrt_took(mdl_pjrt *pjrt, PJRT_Error *error, mdl_pjrt_status status,
                              const char *what)
{
  MDL_PJRT_ARGS(Error_Message, message);
  MDL_PJRT_ARGS(Error_Destroy, destroy);
  size_t length;
  if (!error) return MDL_PJRT_OK;
  message.error = destroy.error = error;
  pjrt->api->PJRT_Error_Message(&message);
  length = message.message ? worth_reading(message.message, message.message_size) : 0;
  mdl_pjrt_fail(pjrt, status, NULL, "%s: %.*s", what, (int)length, length ? message.message : "");
  pjrt->api->PJRT_Error_Destroy(&destroy);
  return status;
}

mdl_pjrt_status mdl_pjrt_await(mdl_pjrt *pjrt, PJRT_Event *event, const char *what)
{
  MDL_PJRT_ARGS(Event_Await, await);
  MDL_PJRT_ARGS(Event_Destroy, destroy);
  mdl_pjrt_status status;
  if (!event) return MDL_PJRT_OK;
  await.event = destroy.event = event;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Event_Await(&await), MDL_PJRT_RUN, what);
  pjrt->api->PJRT_Event_Destroy(&destroy);
  return status;
}
