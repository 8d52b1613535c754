/* Programs: compiled for the device, checked against their interface. */
#include "runtime/pjrt/client.h"

#include <stdlib.h>

/* ---- options ---- */

static void add(mdl_pjrt_options *o, const char *bytes, size_t length)
{
  memcpy(o->bytes + o->length, bytes, length);
  o->length += length;
}

/* xla/pjrt/proto/compile_options.proto: executable_build_options 3 { num_replicas 4: 1,
 * num_partitions 5: 1 }, env_option_overrides 7 { key 1, value 2 { bool_field 2 } }. */
void mdl_pjrt_options_make(mdl_pjrt_options *options, int exact_min_max)
{
  static const char one_device[] = {0x1a, 4, 0x20, 1, 0x28, 1};
  static const char name[] = "xla_cpu_enable_fast_min_max", off[] = {0x12, 2, 0x10, 0};
  const size_t length = sizeof name - 1;
  const char override[] = {0x3a, (char)(2 + length + sizeof off), 0x0a, (char)length};
  options->length = 0;
  add(options, one_device, sizeof one_device);
  if (!exact_min_max) return;
  add(options, override, sizeof override);
  add(options, name, length);
  add(options, off, sizeof off);
}

void mdl_pjrt_program_of(const mdl_pjrt_source *source, PJRT_Program *program)
{
  memset(program, 0, sizeof *program);
  program->struct_size = PJRT_Program_STRUCT_SIZE;
  program->code = (char *)(uintptr_t)source->code; /* it is only read */
  program->code_size = source->length;
  program->format = source->format;
  program->format_size = strlen(source->format);
}

/* ---- for the device ---- */

static mdl_pjrt_status compile(mdl_pjrt *pjrt, const mdl_pjrt_source *source, int exact_min_max,
                               PJRT_LoadedExecutable **loaded)
{
  MDL_PJRT_ARGS(Client_Compile, compile);
  mdl_pjrt_options options;
  PJRT_Program program;
  mdl_pjrt_status status;
  mdl_pjrt_options_make(&options, exact_min_max);
  mdl_pjrt_program_of(source, &program);
  compile.client = pjrt->client;
  compile.program = &program;
  compile.compile_options = (const char *)options.bytes;
  compile.compile_options_size = options.length;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Client_Compile(&compile), MDL_PJRT_PROGRAM,
                         "the plugin does not take the program");
  *loaded = compile.executable;
  return status;
}

void mdl_pjrt_executable_destroy(mdl_pjrt *pjrt, PJRT_Executable *executable)
{
  MDL_PJRT_ARGS(Executable_Destroy, destroy);
  destroy.executable = executable;
  mdl_pjrt_took(pjrt, pjrt->api->PJRT_Executable_Destroy(&destroy), MDL_PJRT_RUN, "destroy");
}

static mdl_pjrt_status check(mdl_pjrt_program *program)
{
  MDL_PJRT_ARGS(LoadedExecutable_GetExecutable, get);
  mdl_pjrt *pjrt = program->pjrt;
  mdl_pjrt_status status;
  get.loaded_executable = program->loaded;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_LoadedExecutable_GetExecutable(&get),
                         MDL_PJRT_PROGRAM, "the compiled program");
  if (status) return status;
  status = mdl_pjrt_interface_check(pjrt, get.executable, &program->io);
  mdl_pjrt_executable_destroy(pjrt, get.executable);
  return status;
}

static int make_room(mdl_pjrt_program *program, const mdl_pjrt_interface *io)
{
  program->in = calloc((size_t)io->arguments + 1, sizeof *program->in);
  program->out = calloc((size_t)io->results + 1, sizeof *program->out);
  return program->in && program->out && mdl_pjrt_interface_copy(&program->io, io);
}

mdl_pjrt_status mdl_pjrt_compile(mdl_pjrt *pjrt, const mdl_pjrt_source *source,
                                 mdl_pjrt_program **program)
{
  mdl_pjrt_program *made;
  mdl_pjrt_status status;
  int is_cpu = pjrt->platform && !strcmp(pjrt->platform, "cpu");
  *program = NULL;
  if (!pjrt->client)
    return mdl_pjrt_fail(pjrt, MDL_PJRT_START, "call mdl_pjrt_start", "no device is set up");
  made = calloc(1, sizeof *made);
  if (!made) return mdl_pjrt_no_memory(pjrt);
  made->pjrt = pjrt;
  status = make_room(made, source->io) ? MDL_PJRT_OK : mdl_pjrt_no_memory(pjrt);
  if (!status) status = compile(pjrt, source, is_cpu && !source->plugin_min_max, &made->loaded);
  if (!status) status = check(made);
  if (!status) return *program = made, MDL_PJRT_OK;
  mdl_pjrt_program_destroy(made);
  return status;
}

void mdl_pjrt_program_destroy(mdl_pjrt_program *program)
{
  MDL_PJRT_ARGS(LoadedExecutable_Destroy, destroy);
  if (!program) return;
  destroy.executable = program->loaded;
  if (program->loaded)
    mdl_pjrt_took(program->pjrt, program->pjrt->api->PJRT_LoadedExecutable_Destroy(&destroy),
                  MDL_PJRT_RUN, "destroy");
  mdl_pjrt_interface_free(&program->io);
  free(program->in);
  free(program->out);
  free(program);
}
