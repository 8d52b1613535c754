/* `mdlc run`: the object that -c would write, linked in memory by ORC. */
#include "codegen/llvm/lower.h"

#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>

struct MdlJit {
  MdlIr *ir;
  LLVMOrcLLJITRef jit;
};

_Noreturn static void fail(MdlIr *ir, LLVMErrorRef error)
{
  MDL_BUG(ir->session, "JIT: %s", LLVMGetErrorMessage(error));
}

/* memcpy, memset and hooks come from this process. */
static void use_process_symbols(MdlIr *ir, LLVMOrcLLJITRef jit)
{
  LLVMOrcDefinitionGeneratorRef process = NULL;
  LLVMErrorRef error = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
      &process, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL);
  if (error) fail(ir, error);
  LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), process);
}

static void add_host(MdlIr *ir, LLVMOrcLLJITRef jit, const MdlLlvmOptions *options)
{
  if (!options->hosts) return;
  LLVMOrcCSymbolMapPair *pair = MDL_NEW(ir->arena, LLVMOrcCSymbolMapPair, (size_t)options->hosts);
  for (int i = 0; i < options->hosts; i++) {
    pair[i].Name = LLVMOrcLLJITMangleAndIntern(jit, options->host[i].name);
    pair[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)options->host[i].address;
    pair[i].Sym.Flags.GenericFlags = LLVMJITSymbolGenericFlagsExported |
                                     LLVMJITSymbolGenericFlagsCallable;
  }
  LLVMErrorRef error = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(jit),
                                             LLVMOrcAbsoluteSymbols(pair, (size_t)options->hosts));
  if (error) fail(ir, error);
}

MdlJit *mdl_jit_create(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options)
{
  MdlLlvmOptions here = *options;
  MdlBytes object;
  here.triple = NULL;
  here.packed = true;
  here.position_independent = true;
  if (!mdl_llvm_emit(ir, module, &here, MDL_LLVM_object, &object)) return NULL;
  MdlJit *jit = MDL_NEW(ir->arena, MdlJit, 1);
  jit->ir = ir;
  LLVMErrorRef error = LLVMOrcCreateLLJIT(&jit->jit, NULL);
  if (error) fail(ir, error);
  use_process_symbols(ir, jit->jit);
  add_host(ir, jit->jit, options);
  LLVMMemoryBufferRef buffer =
      LLVMCreateMemoryBufferWithMemoryRangeCopy(object.data, object.length, here.source);
  error = LLVMOrcLLJITAddObjectFile(jit->jit, LLVMOrcLLJITGetMainJITDylib(jit->jit), buffer);
  if (error) fail(ir, error);
  return jit;
}

MdlPackedFn *mdl_jit_packed(MdlJit *jit, const char *symbol)
{
  LLVMOrcExecutorAddress address = 0;
  const char *name = mdl_text(jit->ir->arena, "%s.packed", symbol);
  LLVMErrorRef error = LLVMOrcLLJITLookup(jit->jit, &address, name);
  if (!error) return (MdlPackedFn *)(uintptr_t)address;
  LLVMConsumeError(error);
  return NULL;
}

void mdl_jit_destroy(MdlJit *jit)
{
  LLVMErrorRef error = jit ? LLVMOrcDisposeLLJIT(jit->jit) : NULL;
  if (error) LLVMConsumeError(error);
}
