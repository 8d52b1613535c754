/* The steps behind codegen/llvm/llvm.h. */
#ifndef MDL_CODEGEN_LLVM_LOWER_H
#define MDL_CODEGEN_LLVM_LOWER_H

#include "codegen/llvm/llvm.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

/* Loop form -> LLVM dialect -> LLVM IR. The module is the caller's; NULL is never returned. */
LLVMModuleRef mdl_llvm_translate(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options,
                                 LLVMContextRef context);

/* Exported functions with the C signature where the loop-form one differs (structs), and the packed
 * twins; everything else becomes internal. */
void mdl_llvm_wrap(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options,
                   LLVMModuleRef llvm);

/* NULL with a report when LLVM has no such target. */
LLVMTargetMachineRef mdl_llvm_machine(MdlIr *ir, const MdlLlvmOptions *options);
void mdl_llvm_optimise(MdlIr *ir, LLVMModuleRef llvm, LLVMTargetMachineRef machine,
                       const MdlLlvmOptions *options);

/* The last step before code is made; changes no value. */
void mdl_llvm_hide_counters(LLVMModuleRef llvm);

#endif
