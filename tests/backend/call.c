/* Calling the entries of a trial: exact buffers between canaries, in a process of its own, so that
 * a crash is a finding and not the end. */
#include "tests/backend/trial.h"

#include "codegen/c/abi.h"
#include "ir/signature.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANARY = 64, FILL = 0xa5, SECONDS = 60 };

/* ---- where results go -------------------------------------------------------------------- */

static size_t bytes_of(const MdlTensor *t)
{
  return (size_t)t->count * (size_t)mdl_dtypes[t->dtype].bytes;
}

static size_t rounded_up(size_t bytes) { return (bytes + 15) / 16 * 16; }

MdlTrialPlace mdl_trial_place(const MdlTrial *trial, int entry, int run, int result)
{
  size_t offset = 16; /* the progress counter */
  for (int i = 0; i <= entry; i++)
    for (int k = 0; k < trial->entry[i].runs; k++) {
      const MdlEvalResult *r = &trial->entry[i].run[k].rounded;
      bool here = i == entry && k == run;
      if (here && result < 0) return (MdlTrialPlace){offset, sizeof(int32_t)};
      offset += 16;
      for (int j = 0; j < r->results; j++) {
        if (here && j == result) return (MdlTrialPlace){offset, bytes_of(&r->result[j])};
        offset += rounded_up(bytes_of(&r->result[j]));
      }
    }
  return (MdlTrialPlace){offset, 0};
}

size_t mdl_trial_bytes(const MdlTrial *trial)
{
  return mdl_trial_place(trial, trial->entries - 1, -1, -1).offset;
}

/* ---- buffers ----------------------------------------------------------------------------- */

typedef struct Buffer {
  unsigned char *base, *data;
  size_t bytes;
} Buffer;

/* `shift` bytes behind what the header asks of work. */
static Buffer buffer(size_t bytes, size_t shift)
{
  Buffer b = {.bytes = bytes};
  b.base = aligned_alloc(64, (bytes + shift + 2 * CANARY + 63) / 64 * 64);
  if (!b.base) abort();
  b.data = b.base + CANARY + shift;
  memset(b.base, FILL, bytes + shift + 2 * CANARY);
  return b;
}

static bool is_intact(const Buffer *b)
{
  for (int i = 0; i < CANARY; i++)
    if (b->data[i - CANARY] != FILL || b->data[b->bytes + (size_t)i] != FILL) return false;
  return true;
}

static size_t work_bytes(const MdlTrial *trial, const MdlTrialEntry *e, MlirOperation entry)
{
  const char *text = mdl_c_work(trial->ir, entry);
  const MdlSize *size = mdl_size_parse(trial->ir->sizes, text, strlen(text));
  int64_t bytes = 0;
  if (!size || !mdl_size_eval(size, mdl_trial_size, (void *)e, &bytes) || bytes < 0)
    MDL_BUG(trial->ir->session, "%s: the work size `%s` has no value", e->name, text);
  return (size_t)bytes;
}

/* ---- one run ----------------------------------------------------------------------------- */

enum { MOST_ARGS = 128 };

/* The buffers of one run, in the order of the arguments; which of them the evaluator's j-th result
 * is in. */
typedef struct Frame {
  Buffer buffer[MOST_ARGS];
  void *arg[MOST_ARGS];
  int buffers, args, of_result[MOST_ARGS];
} Frame;

static void add_buffer(const MdlTrial *trial, Frame *f, size_t bytes, size_t shift,
                       const MdlTensor *from)
{
  if (f->args >= MOST_ARGS) MDL_BUG(trial->ir->session, "more arguments than a trial has room for");
  Buffer *b = &f->buffer[f->buffers++];
  *b = buffer(bytes, shift);
  if (from) mdl_tensor_store(from, b->data);
  f->arg[f->args++] = b->data;
}

/* Leaves in and inout are the evaluator's arguments in order; its results are leaves out, and then
 * inout. In every other run each lies one element behind an aligned address: no more is promised.
 */
static void add_leaves(const MdlTrial *trial, Frame *f, const MdlSignature *s,
                       const MdlTrialRun *run, bool shifted)
{
  int in = 0, result = 0, outs = 0;
  for (int i = 0; i < s->params; i++)
    if (s->param[i].role == MDL_ROLE_out) outs += s->param[i].leaves;
  for (int i = 0, inout = outs; i < s->params; i++)
    for (int k = 0; k < s->param[i].leaves; k++) {
      MdlRole role = s->param[i].role;
      int at = role == MDL_ROLE_out ? result++ : role == MDL_ROLE_inout ? inout++ : -1;
      if (at >= 0) f->of_result[at] = f->buffers;
      const MdlTensor *t = role == MDL_ROLE_out ? &run->rounded.result[at] : &run->arg[in++];
      size_t shift = shifted ? (size_t)mdl_dtypes[t->dtype].bytes : 0;
      add_buffer(trial, f, bytes_of(t), shift, role == MDL_ROLE_out ? NULL : t);
    }
}

static void call_run(const MdlTrial *trial, int entry, int run, MlirOperation func,
                     MdlTrialCall *call, unsigned char *memory)
{
  const MdlTrialEntry *e = &trial->entry[entry];
  Frame f = {.buffers = 0};
  for (int i = 0; i < e->sizes; i++) f.arg[f.args++] = (void *)&e->extent[i];
  add_leaves(trial, &f, mdl_signature_read(trial->ir, func), &e->run[run], run % 2);
  add_buffer(trial, &f, work_bytes(trial, e, func), 0, NULL);
  int32_t status = call(f.arg);
  for (int i = 0; i < f.buffers; i++)
    if (!is_intact(&f.buffer[i])) {
      fprintf(stderr, "%s writes beyond buffer %d: %s\n", e->name, i, e->text);
      status = -1;
    }
  memcpy(memory + mdl_trial_place(trial, entry, run, -1).offset, &status, sizeof status);
  for (int i = 0; i < e->run[run].rounded.results; i++) {
    MdlTrialPlace place = mdl_trial_place(trial, entry, run, i);
    memcpy(memory + place.offset, f.buffer[f.of_result[i]].data, place.bytes);
  }
  for (int i = 0; i < f.buffers; i++) free(f.buffer[i].base);
}

bool mdl_trial_call(const MdlTrial *trial, MdlTrialCall *const *calls, MdlTrialOutput *output)
{
  output->bytes = mdl_trial_bytes(trial);
  output->memory =
      mmap(NULL, output->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (output->memory == MAP_FAILED) abort();
  volatile int32_t *at = (int32_t *)output->memory;
  MlirOperation *entries;
  mdl_entries(trial->ir, trial->module, &entries);
  pid_t child = fork();
  if (child == 0) {
    alarm(SECONDS);
    for (int i = 0; i < trial->entries; i++) {
      *at = i;
      for (int k = 0; k < trial->entry[i].runs; k++)
        call_run(trial, i, k, entries[i], calls[i], output->memory);
    }
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) abort();
  if (WIFEXITED(status) && !WEXITSTATUS(status)) return true;
  fprintf(stderr, "%s: %s ends by signal %d: %s\n", output->name, trial->entry[*at].name,
          WIFSIGNALED(status) ? WTERMSIG(status) : 0, trial->entry[*at].text);
  return false;
}
