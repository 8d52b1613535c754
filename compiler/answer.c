/* Options that print a text and stop. */
#include "compiler/command.h"
#include "ir/op_list.h"

#include <string.h>

static const char *list_passes(MdlArena *arena)
{
  int count;
  const MdlPassInfo *pass = mdl_passes(&count);
  const char *text = "";
  for (int i = 0; i < count; i++)
    text =
        mdl_text(arena, "%s%-12s %-5s -> %-5s  -O%d  %s\n", text, pass[i].name,
                 mdl_form_name(pass[i].from), mdl_form_name(pass[i].to), pass[i].opt, pass[i].doc);
  return text;
}

static const char *list_targets(MdlArena *arena)
{
  int count;
  const MdlMachine *machine = mdl_machines(&count);
  const char *text = "";
  for (int i = 0; i < count; i++)
    text = mdl_text(arena, "%s%-10s -mcpu=%-14s %s\n", text, machine[i].arch, machine[i].cpu,
                    machine[i].doc);
  return text;
}

static const char *list_errors(MdlArena *arena)
{
  const char *text = "";
  for (int i = 0; i < MDL_CODE_COUNT; i++)
    text = mdl_text(arena, "%s%-6s %s%s%s%s\n", text, mdl_codes[i].name, mdl_codes[i].message,
                    mdl_codes[i].flag ? " [-W" : "", mdl_codes[i].flag ? mdl_codes[i].flag : "",
                    mdl_codes[i].flag ? "]" : "");
  return text;
}

static const char *version(MdlArena *arena) { return mdl_text(arena, "mdlc %s\n", MDLC_VERSION); }

static const char *ops(MdlArena *arena) { return mdl_ops_list(arena); }
static const char *dialect(MdlArena *arena) { return mdl_dialect_text(arena); }
static const char *help(MdlArena *arena) { return mdl_options_help(arena); }

static const char *explain(MdlSession *session, const char *code)
{
  const char *text = mdl_explain(session->arena, code);
  if (!text)
    mdl_help(
        mdl_error(session, MDL_E0810, MDL_NO_SPAN, mdl_text(session->arena, "--explain %s", code)),
        "`mdlc --list-errors` lists the codes");
  return text;
}

static const char *completion(MdlSession *session, const char *shell)
{
  if (!strcmp(shell, "bash")) return mdl_options_bash(session->arena);
  mdl_help(mdl_error(session, MDL_E0810, MDL_NO_SPAN,
                     mdl_text(session->arena, "--completion=%s", shell)),
           "`--completion=bash` is the one there is");
  return NULL;
}

const char *mdl_answer(MdlSession *session, const MdlCommandLine *line)
{
  static const struct {
    const char *option;
    const char *(*text)(MdlArena *arena);
  } answers[] = {{"help", help},
                 {"version", version},
                 {"dialect", dialect},
                 {"list_ops", ops},
                 {"list_builtins", mdl_builtins_list},
                 {"list_passes", list_passes},
                 {"list_targets", list_targets},
                 {"list_errors", list_errors}};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
    if (mdl_option_on(line, answers[i].option)) return answers[i].text(session->arena);
  const char *code = mdl_option(line, "explain"), *shell = mdl_option(line, "completion");
  return code ? explain(session, code) : shell ? completion(session, shell) : NULL;
}
