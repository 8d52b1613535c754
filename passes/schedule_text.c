/* Schedules as text: what --emit=schedule prints, and --schedule=FILE reads back.
 *
 *   # a comment
 *   mlp_train_h: axes = [B, 64, 64], lanes = 1, width = 8, rows = 0, unroll = [6, 2]
 *
 * A line a group, by its name. Fields are those of MdlSchedule; one that is left out has the value
 * of a plain loop. `axes` says which axes the numbers count, and must be those of the group. */
#include "passes/schedule.h"

#include "ir/record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- printing ---------------------------------------------------------------------------- */

static const char *list_text(MdlArena *arena, int count, const int *value)
{
  const char *text = "[";
  for (int i = 0; i < count; i++) text = mdl_text(arena, "%s%s%d", text, i ? ", " : "", value[i]);
  return mdl_text(arena, "%s]", text);
}

static bool any(int count, const int *value)
{
  for (int i = 0; i < count; i++)
    if (value[i]) return true;
  return false;
}

static const char *group_text(const MdlGroup *g, const MdlSchedule *s)
{
  MdlAxis axis[MDL_MAX_AXES];
  MdlArena *arena = g->ir->arena;
  int axes = mdl_group_axes(g, axis);
  const char *text = mdl_text(arena, "%s: axes = [%s]", mdl_op_text(g->ir, g->func, "sym_name"),
                              mdl_schedule_axes(g));
  if (s->lanes >= 0) text = mdl_text(arena, "%s, lanes = %d", text, s->lanes);
  if (s->width > 1) text = mdl_text(arena, "%s, width = %d", text, s->width);
  if (s->rows >= 0) text = mdl_text(arena, "%s, rows = %d", text, s->rows);
  if (s->unroll[0] > 1 || s->unroll[1] > 1)
    text = mdl_text(arena, "%s, unroll = %s", text, list_text(arena, 2, s->unroll));
  if (any(axes, s->tile))
    text = mdl_text(arena, "%s, tile = %s", text, list_text(arena, axes, s->tile));
  if (s->pack) text = mdl_text(arena, "%s, pack = %d", text, s->pack);
  if (s->least) text = mdl_text(arena, "%s, least = %d", text, s->least);
  if (s->threads >= 0) text = mdl_text(arena, "%s, threads = %d", text, s->threads);
  return mdl_text(arena, "%s\n", text);
}

const char *mdl_schedule_print(MdlIr *ir, MlirOperation module, const MdlMachine *machine)
{
  MlirOperation *op;
  const char *text = mdl_text(ir->arena, "# schedules for %s\n", machine->cpu);
  int count = mdl_list(ir, mdl_module_body(module), &op);
  for (int i = 0; i < count; i++) {
    if (!mdl_is_group(op[i])) continue;
    MdlGroup g = mdl_group_read(ir, machine, op[i]);
    MdlSchedule s;
    const char *wrong = mdl_schedule_read(&g, &s);
    if (wrong) MDL_BUG(ir->session, "a group without a schedule: %s", wrong);
    text = mdl_text(ir->arena, "%s%s", text, group_text(&g, &s));
  }
  return text;
}

/* ---- reading ----------------------------------------------------------------------------- */

typedef struct Reader {
  MdlPass *pass;
  MdlIr *ir;
  int file;
  const char *bytes, *at, *end; /* of the line */
} Reader;

static MdlSpan span(const Reader *r, const char *from, const char *to)
{
  return (MdlSpan){r->file, (uint32_t)(from - r->bytes), (uint32_t)(to - r->bytes)};
}

static void skip_blanks(Reader *r)
{
  while (r->at < r->end && isspace((unsigned char)*r->at)) r->at++;
}

static bool expected(Reader *r, const char *what)
{
  const char *to = r->at < r->end ? r->at + 1 : r->at;
  MdlReport *report = mdl_error(r->ir->session, MDL_E0816, span(r, r->at, to), what);
  mdl_help(report, "a line is `GROUP: lanes = 1, width = 8, unroll = [6, 2]`");
  return false;
}

static bool is_next(Reader *r, char c)
{
  skip_blanks(r);
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static const char *word(Reader *r)
{
  skip_blanks(r);
  const char *from = r->at;
  while (r->at < r->end && (isalnum((unsigned char)*r->at) || *r->at == '_')) r->at++;
  return r->at == from ? NULL : mdl_intern(r->ir->arena, from, (size_t)(r->at - from));
}

static bool number(Reader *r, int64_t *value)
{
  char *end;
  skip_blanks(r);
  if (r->at == r->end || !(isdigit((unsigned char)*r->at) || *r->at == '-'))
    return expected(r, "a number");
  *value = strtoll(r->at, &end, 10);
  if (end > r->end || *value < INT32_MIN || *value > INT32_MAX)
    return expected(r, "a number that fits");
  r->at = end;
  return true;
}

static bool list(Reader *r, MdlRecordField *field)
{
  while (!is_next(r, ']')) {
    if (field->count == MDL_MAX_FIELD) return expected(r, "`]`");
    if (field->count && !is_next(r, ',')) return expected(r, "`,` or `]`");
    if (!number(r, &field->value[field->count++])) return false;
  }
  return true;
}

/* `[B, 2*N]`: sizes, compared as text. */
static bool sizes(Reader *r, MdlRecordField *field)
{
  skip_blanks(r);
  const char *from = r->at;
  while (r->at < r->end && *r->at != ']') r->at++;
  if (r->at == r->end) return expected(r, "`]`");
  field->text = mdl_intern(r->ir->arena, from, (size_t)(r->at - from));
  r->at++;
  return true;
}

static bool field(Reader *r, MdlRecordField *to)
{
  const char *name = word(r);
  *to = (MdlRecordField){.name = name, .count = -1};
  if (!name) return expected(r, "a field");
  if (!is_next(r, '=')) return expected(r, "`=`");
  if (!is_next(r, '[')) return number(r, &to->value[0]);
  to->count = 0;
  return strcmp(name, "axes") ? list(r, to) : sizes(r, to);
}

static bool find_group(Reader *r, const char *name, MdlSpan at, MlirOperation *group)
{
  MlirOperation *op;
  const char *best[1];
  int count = mdl_list(r->ir, mdl_module_body(r->pass->module), &op), groups = 0;
  const char **known = MDL_NEW(r->ir->arena, const char *, (size_t)count + 1);
  for (int i = 0; i < count; i++) {
    if (!mdl_is_group(op[i])) continue;
    known[groups] = mdl_op_text(r->ir, op[i], "sym_name");
    if (!strcmp(known[groups++], name)) return *group = op[i], true;
  }
  MdlReport *report = mdl_error(r->ir->session, MDL_E0815, at, name);
  if (mdl_did_you_mean(r->ir->session, name, known, groups, best, 1))
    mdl_help(report, "did you mean `%s`?", best[0]);
  else
    mdl_help(report, "`--emit=schedule` names the groups of this program");
  return false;
}

static bool refuse(Reader *r, const char *name, MdlSpan at, const char *why)
{
  mdl_help(mdl_error(r->ir->session, MDL_E0814, at, name, why),
           "`--emit=schedule` prints one that fits");
  return false;
}

static bool read_line(Reader *r)
{
  MdlSchedule s = mdl_schedule_plain();
  MlirOperation group;
  skip_blanks(r);
  const char *from = r->at, *name = word(r);
  MdlSpan at = span(r, from, r->at);
  if (!name) return expected(r, "the name of a group");
  if (!is_next(r, ':')) return expected(r, "`:`");
  if (!find_group(r, name, at, &group)) return false;
  MdlGroup g = mdl_group_read(r->ir, r->pass->options->machine, group);
  for (bool first = true; skip_blanks(r), r->at < r->end; first = false) {
    MdlRecordField one;
    if (!first && !is_next(r, ',')) return expected(r, "`,`");
    skip_blanks(r);
    const char *start = r->at;
    if (!field(r, &one)) return false;
    const char *why = mdl_schedule_take(&g, &s, &one);
    if (why) return refuse(r, name, span(r, start, r->at), why);
  }
  const char *why = mdl_schedule_wrong(&g, &s);
  if (why) return refuse(r, name, span(r, from, r->at), why);
  mdl_schedule_write(&g, &s);
  return true;
}

bool mdl_schedule_override(MdlPass *pass, int file)
{
  Reader r = {.pass = pass, .ir = pass->ir, .file = file};
  const MdlFile *f = &pass->ir->session->files[file];
  bool well = true;
  r.bytes = f->bytes;
  for (const char *line = f->bytes; line < f->bytes + f->length;) {
    size_t length = strcspn(line, "\n");
    r.at = line;
    r.end = line + strcspn(line, "#\n");
    skip_blanks(&r);
    if (r.at < r.end) well &= read_line(&r);
    line += length + 1;
  }
  return well;
}
