/* One call of a program. */
#include "runtime/pjrt/client.h"

#include <stdlib.h>

static mdl_pjrt_status check_arguments(const mdl_pjrt_program *program,
                                       mdl_pjrt_buffer *const *arguments)
{
  const mdl_pjrt_interface *io = &program->io;
  char wanted[256], got[256];
  int i;
  for (i = 0; i < io->arguments; i++) {
    const mdl_pjrt_buffer *given = arguments[i];
    if (!given || !given->handle)
      return mdl_pjrt_fail(program->pjrt, MDL_PJRT_MISMATCH, "put the argument again",
                           "argument %d, `%s`, is missing", i, io->argument[i].name);
    if (!mdl_pjrt_leaf_same(&io->argument[i], &given->leaf))
      return mdl_pjrt_fail(program->pjrt, MDL_PJRT_MISMATCH,
                           "arguments come in the order of the manifest, in its dtypes and shapes",
                           "argument %d, `%s`, is %s; got %s", i, io->argument[i].name,
                           mdl_pjrt_leaf_text(&io->argument[i], wanted),
                           mdl_pjrt_leaf_text(&given->leaf, got));
    program->in[i] = given->handle;
  }
  return MDL_PJRT_OK;
}

static mdl_pjrt_status execute(const mdl_pjrt_program *program)
{
  MDL_PJRT_ARGS(LoadedExecutable_Execute, execute);
  PJRT_ExecuteOptions options;
  PJRT_Buffer *const *in = program->in;
  PJRT_Buffer **out = program->out;
  PJRT_Event *done = NULL;
  mdl_pjrt *pjrt = program->pjrt;
  mdl_pjrt_status status;
  memset(&options, 0, sizeof options);
  options.struct_size = PJRT_ExecuteOptions_STRUCT_SIZE;
  execute.executable = program->loaded;
  execute.options = &options;
  execute.argument_lists = &in;
  execute.num_devices = 1;
  execute.num_args = (size_t)program->io.arguments;
  execute.output_lists = &out;
  execute.device_complete_events = &done;
  memset(program->out, 0, (size_t)program->io.results * sizeof *program->out);
  status =
      mdl_pjrt_took(pjrt, pjrt->api->PJRT_LoadedExecutable_Execute(&execute), MDL_PJRT_RUN, "run");
  return status ? status : mdl_pjrt_await(pjrt, done, "run");
}

static void destroy(mdl_pjrt *pjrt, PJRT_Buffer *handle)
{
  MDL_PJRT_ARGS(Buffer_Destroy, destroy);
  destroy.buffer = handle;
  if (handle)
    mdl_pjrt_took(pjrt, pjrt->api->PJRT_Buffer_Destroy(&destroy), MDL_PJRT_RUN, "destroy");
}

/* The argument gave its memory away, whether the call went well or not. */
static void hand_back(const mdl_pjrt_program *program, mdl_pjrt_buffer *const *arguments)
{
  int i;
  for (i = 0; i < program->io.arguments; i++) {
    int alias = program->io.argument[i].alias;
    if (alias < 0) continue;
    destroy(program->pjrt, arguments[i]->handle);
    arguments[i]->handle = program->out[alias];
    program->out[alias] = NULL;
  }
}

static mdl_pjrt_buffer *wrap(const mdl_pjrt_program *program, int result)
{
  mdl_pjrt_buffer *buffer = calloc(1, sizeof *buffer);
  if (!buffer) return NULL;
  buffer->pjrt = program->pjrt;
  buffer->handle = program->out[result];
  buffer->leaf = program->io.result[result];
  buffer->leaf.name = NULL;
  program->out[result] = NULL;
  return buffer;
}

static mdl_pjrt_status take_status(const mdl_pjrt_program *program, mdl_status *status)
{
  mdl_pjrt_buffer *buffer = wrap(program, program->io.status);
  mdl_pjrt_status failed;
  if (!buffer) return mdl_pjrt_no_memory(program->pjrt);
  failed = mdl_pjrt_get(buffer, status, sizeof *status);
  mdl_pjrt_buffer_destroy(buffer);
  return failed;
}

static mdl_pjrt_status take_results(const mdl_pjrt_program *program, mdl_pjrt_buffer **results)
{
  int i, count = 0;
  for (i = 0; i < program->io.results; i++) {
    if (!program->out[i]) continue; /* an argument's, or the status */
    results[count] = wrap(program, i);
    if (results[count++]) continue;
    while (count--) mdl_pjrt_buffer_destroy(results[count]), results[count] = NULL;
    return mdl_pjrt_no_memory(program->pjrt);
  }
  return MDL_PJRT_OK;
}

mdl_pjrt_status mdl_pjrt_run(mdl_pjrt_program *program, mdl_pjrt_buffer *const *arguments,
                             mdl_pjrt_buffer **results, mdl_status *status)
{
  mdl_pjrt_status failed = check_arguments(program, arguments);
  int i;
  *status = MDL_OK;
  for (i = 0; i < mdl_pjrt_result_count(&program->io); i++) results[i] = NULL;
  if (failed) return failed;
  failed = execute(program);
  hand_back(program, arguments);
  if (!failed && program->io.status >= 0) failed = take_status(program, status);
  if (!failed) failed = take_results(program, results);
  for (i = 0; i < program->io.results; i++) destroy(program->pjrt, program->out[i]);
  return failed;
}
