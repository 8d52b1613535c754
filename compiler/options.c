#include "compiler/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const MdlOptionInfo rows[] = {
#define OPT(text, kind, name, value, help) {text, #name, value, help, MDL_OPTION_##kind},
#include "compiler/options.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

const MdlOptionInfo *mdl_option_rows(int *count)
{
  *count = ROWS;
  return rows;
}

static bool starts_with(const char *text, const char *prefix)
{
  return !strncmp(text, prefix, strlen(prefix));
}

/* The longest row that the argument starts with: -Werror is not -W with the value `error`. */
static const MdlOptionInfo *find(const char *argument)
{
  const MdlOptionInfo *best = NULL;
  for (int i = 0; i < ROWS; i++) {
    const MdlOptionInfo *row = &rows[i];
    bool fits = !strcmp(argument, row->text) ||
                (row->kind != MDL_OPTION_flag && starts_with(argument, row->text));
    if (fits && (!best || strlen(row->text) > strlen(best->text))) best = row;
  }
  return best;
}

static bool is_option(const char *argument)
{
  return argument[0] == '-' && argument[1] && !isdigit((unsigned char)argument[1]) &&
         argument[1] != '.' && strcmp(argument, "-inf");
}

static void unknown(MdlSession *session, const char *argument)
{
  const char *texts[ROWS], *best[1];
  for (int i = 0; i < ROWS; i++) texts[i] = rows[i].text;
  MdlReport *report = mdl_error(session, MDL_E0810, MDL_NO_SPAN, argument);
  if (mdl_did_you_mean(session, argument, texts, ROWS, best, 1))
    mdl_help(report, "did you mean `%s`?", best[0]);
  else
    mdl_help(report, "`mdlc --help` lists them");
}

static bool is_verb(const char *word)
{
  static const char *const verbs[] = {"run", "compile-check"};
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (!strcmp(word, verbs[i])) return true;
  return false;
}

static void add_given(MdlCommandLine *line, const MdlOptionInfo *row, const char *value)
{
  line->given[line->given_count++] = (MdlGiven){row, value};
}

/* Reads the option at argv[i]; returns how many arguments it took, 0 for an error. */
static int read_option(MdlSession *session, MdlCommandLine *line, int left, char **argv)
{
  const MdlOptionInfo *row = find(argv[0]);
  if (!row) return unknown(session, argv[0]), 0;
  const char *value = argv[0] + strlen(row->text);
  if (row->kind != MDL_OPTION_either || *value) {
    if (row->kind == MDL_OPTION_either && *value == '=') value++;
    add_given(line, row, value);
    return 1;
  }
  if (left < 2) {
    mdl_help(mdl_error(session, MDL_E0810, MDL_NO_SPAN, argv[0]), "`%s` wants %s", row->text,
             row->value);
    return 0;
  }
  add_given(line, row, argv[1]);
  return 2;
}

bool mdl_command_line_read(MdlSession *session, int argc, char **argv, MdlCommandLine *line)
{
  bool only_inputs = false;
  *line = (MdlCommandLine){.arena = session->arena};
  line->given = MDL_NEW(session->arena, MdlGiven, (size_t)argc + 1);
  line->input = MDL_NEW(session->arena, const char *, (size_t)argc + 1);
  for (int i = 1; i < argc;) {
    if (!only_inputs && !strcmp(argv[i], "--")) {
      only_inputs = true, i++;
    } else if (!only_inputs && is_option(argv[i])) {
      int took = read_option(session, line, argc - i, argv + i);
      if (!took) return false;
      i += took;
    } else if (!line->verb && !line->input_count && is_verb(argv[i])) {
      line->verb = argv[i++];
    } else {
      line->input[line->input_count++] = argv[i++];
    }
  }
  return true;
}

const char *mdl_option(const MdlCommandLine *line, const char *name)
{
  for (int i = line->given_count; i-- > 0;)
    if (!strcmp(line->given[i].row->name, name)) return line->given[i].value;
  return NULL;
}

/* ---- texts ------------------------------------------------------------------------------- */

char *mdl_options_help(MdlArena *arena)
{
  char *text =
      mdl_text(arena, "usage: mdlc [OPTION]... FILE.mdl\n"
                      "       mdlc run FILE.mdl [ENTRY] [VALUE | NAME=VALUE]...\n"
                      "       mdlc compile-check --target=tpu:TOPOLOGY FILE.mdl [ENTRY]\n\n"
                      "VALUE: 2.5, true, nan, [[1, 2], [3, 4]], {\"w\": [1, 2]}, @x.npy,\n"
                      "       @model.safetensors, random:SEED, init:SEED\n\noptions:\n");
  for (int i = 0; i < ROWS; i++) {
    bool apart = rows[i].kind == MDL_OPTION_either;
    const char *spelled = mdl_text(arena, "%s%s%s", rows[i].text, apart ? " " : "",
                                   rows[i].value ? rows[i].value : "");
    text = mdl_text(arena, "%s  %-24s %s\n", text, spelled, rows[i].help);
  }
  return text;
}

char *mdl_options_bash(MdlArena *arena)
{
  char *words = mdl_text(arena, "run compile-check");
  for (int i = 0; i < ROWS; i++) words = mdl_text(arena, "%s %s", words, rows[i].text);
  return mdl_text(arena,
                  "# bash completion of mdlc: source it, or install it as mdlc\n"
                  "_mdlc() {\n"
                  "  local word=${COMP_WORDS[COMP_CWORD]}\n"
                  "  COMPREPLY=($(compgen -W '%s' -- \"$word\"))\n"
                  "  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
                  "  COMPREPLY+=($(compgen -f -X '!*.mdl' -- \"$word\"))\n"
                  "}\n"
                  "complete -o filenames -F _mdlc mdlc\n",
                  words);
}
