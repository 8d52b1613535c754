/* LLVM's target machines and pass pipeline. Its loop optimiser stays off: our schedule decided. */
#include "codegen/llvm/lower.h"

#include <pthread.h>
#include <string.h>

#include <llvm-c/BitWriter.h>
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

static void init_targets(void)
{
#define TARGET(name) \
  LLVMInitialize##name##TargetInfo(); \
  LLVMInitialize##name##Target(); \
  LLVMInitialize##name##TargetMC(); \
  LLVMInitialize##name##AsmPrinter();
#include "codegen/llvm/targets.def"
}

static void init_host(void)
{
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
}

const char *mdl_host_triple(MdlArena *arena)
{
  char *triple = LLVMGetDefaultTargetTriple();
  const char *copy = mdl_text(arena, "%s", triple);
  LLVMDisposeMessage(triple);
  return copy;
}

static LLVMCodeGenOptLevel level(const MdlLlvmOptions *options)
{
  static const LLVMCodeGenOptLevel levels[] = {LLVMCodeGenLevelNone, LLVMCodeGenLevelLess,
                                               LLVMCodeGenLevelDefault, LLVMCodeGenLevelAggressive};
  return levels[options->opt];
}

/* With all its parts: in "thumbv7em-none-eabihf" LLVM would take eabihf for the system, and floats
 * would go through integer registers. */
static const char *normal(MdlArena *arena, const char *triple)
{
  char *whole = LLVMNormalizeTargetTriple(triple);
  const char *copy = mdl_text(arena, "%s", whole);
  LLVMDisposeMessage(whole);
  return copy;
}

/* All targets take 5 ms, and most compiles want only this machine's. By name, not by asking: while
 * another thread registers, a target may be there by half. */
static void register_targets(MdlArena *arena, const char *triple)
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static bool has_host, has_all;
  const char *here = mdl_host_triple(arena);
  bool is_host = !strncmp(here, triple, strcspn(here, "-") + 1);
  pthread_mutex_lock(&lock);
  if (is_host && !has_host) has_host = true, init_host();
  if (!is_host && !has_all) has_all = true, init_targets();
  pthread_mutex_unlock(&lock);
}

LLVMTargetMachineRef mdl_llvm_machine(MdlIr *ir, const MdlLlvmOptions *options)
{
  const char *triple =
      options->triple ? normal(ir->arena, options->triple) : mdl_host_triple(ir->arena);
  LLVMTargetRef target = NULL;
  char *message = NULL;
  register_targets(ir->arena, triple);
  if (LLVMGetTargetFromTriple(triple, &target, &message)) {
    LLVMDisposeMessage(message);
    mdl_error(ir->session, MDL_E0809, MDL_NO_SPAN, "target", triple);
    return NULL;
  }
  LLVMRelocMode reloc = options->position_independent ? LLVMRelocPIC : LLVMRelocStatic;
  const MdlMachine *machine = options->machine;
  return LLVMCreateTargetMachine(target, triple, machine->llvm_cpu, machine->features,
                                 level(options), reloc, LLVMCodeModelDefault);
}

/* No unwinding, and no call of a library function that the source did not ask for. */
static void set_attributes(LLVMModuleRef llvm)
{
  LLVMContextRef context = LLVMGetModuleContext(llvm);
  unsigned kind = LLVMGetEnumAttributeKindForName("nounwind", 8);
  for (LLVMValueRef f = LLVMGetFirstFunction(llvm); f; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f)) continue;
    LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(context, kind, 0));
    LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex,
                            LLVMCreateStringAttribute(context, "no-builtins", 11, "", 0));
  }
}

void mdl_llvm_optimise(MdlIr *ir, LLVMModuleRef llvm, LLVMTargetMachineRef machine,
                       const MdlLlvmOptions *options)
{
  static const char *const pipelines[] = {"default<O0>", "default<O1>", "default<O2>",
                                          "default<O3>"};
  char *triple = LLVMGetTargetMachineTriple(machine);
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
  LLVMSetTarget(llvm, triple);
  LLVMSetModuleDataLayout(llvm, layout);
  LLVMDisposeTargetData(layout);
  LLVMDisposeMessage(triple);
  set_attributes(llvm);
  LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopVectorization(o, 0);
  LLVMPassBuilderOptionsSetSLPVectorization(o, 0);
  LLVMPassBuilderOptionsSetLoopInterleaving(o, 0);
  LLVMPassBuilderOptionsSetLoopUnrolling(o, 0);
  const char *pipeline = options->size ? "default<Os>" : pipelines[options->opt];
  LLVMErrorRef error = LLVMRunPasses(llvm, pipeline, machine, o);
  LLVMDisposePassBuilderOptions(o);
  if (error) MDL_BUG(ir->session, "LLVM's passes: %s", LLVMGetErrorMessage(error));
  if (options->opt) mdl_llvm_hide_counters(llvm);
}

static void to_memory(MdlIr *ir, LLVMModuleRef llvm, LLVMTargetMachineRef machine,
                      LLVMCodeGenFileType type, MdlBytes *bytes)
{
  LLVMMemoryBufferRef buffer = NULL;
  char *message = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(machine, llvm, type, &message, &buffer))
    MDL_BUG(ir->session, "LLVM emits nothing: %s", message);
  bytes->length = LLVMGetBufferSize(buffer);
  bytes->data = mdl_text_copy(ir->arena, LLVMGetBufferStart(buffer), bytes->length);
  LLVMDisposeMemoryBuffer(buffer);
}

static void write_output(MdlIr *ir, LLVMModuleRef llvm, LLVMTargetMachineRef machine,
                         MdlLlvmOutput output, MdlBytes *bytes)
{
  switch (output) {
  case MDL_LLVM_object:
    to_memory(ir, llvm, machine, LLVMObjectFile, bytes);
    return;
  case MDL_LLVM_assembly:
    to_memory(ir, llvm, machine, LLVMAssemblyFile, bytes);
    return;
  case MDL_LLVM_bitcode: {
    LLVMMemoryBufferRef buffer = LLVMWriteBitcodeToMemoryBuffer(llvm);
    bytes->length = LLVMGetBufferSize(buffer);
    bytes->data = mdl_text_copy(ir->arena, LLVMGetBufferStart(buffer), bytes->length);
    LLVMDisposeMemoryBuffer(buffer);
    return;
  }
  case MDL_LLVM_text: {
    char *text = LLVMPrintModuleToString(llvm);
    bytes->length = strlen(text);
    bytes->data = mdl_text_copy(ir->arena, text, bytes->length);
    LLVMDisposeMessage(text);
    return;
  }
  }
}

bool mdl_llvm_emit(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options,
                   MdlLlvmOutput output, MdlBytes *bytes)
{
  LLVMTargetMachineRef machine = mdl_llvm_machine(ir, options);
  if (!machine) return false;
  LLVMContextRef context = LLVMContextCreate();
  LLVMModuleRef llvm = mdl_llvm_translate(ir, module, options, context);
  mdl_llvm_wrap(ir, module, options, llvm);
  mdl_llvm_optimise(ir, llvm, machine, options);
  write_output(ir, llvm, machine, output, bytes);
  LLVMDisposeModule(llvm);
  LLVMContextDispose(context);
  LLVMDisposeTargetMachine(machine);
  return true;
}
