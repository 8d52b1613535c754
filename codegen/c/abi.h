/* The C side of a signature: the spelling of types, parameters and sizes that header, source and
 * manifest share. */
#ifndef MDL_CODEGEN_C_ABI_H
#define MDL_CODEGEN_C_ABI_H

#include "codegen/c/c.h"
#include "codegen/cfamily.h"

/* Upper case, other characters become `_`: for macros. */
char *mdl_c_upper(MdlArena *arena, const char *text);
/* "logreg_Logistic_view", "mlp_Mlp" */
const char *mdl_c_struct(MdlArena *arena, const MdlSignature *s, const char *struct_type);
const MdlStruct *mdl_c_struct_named(const MdlSignature *s, const char *name);
/* One parameter of the prototype: "const float *x". */
const char *mdl_c_param(MdlArena *arena, const MdlSignature *s, const MdlParam *param,
                        const char *qualifier);
/* "[32, 64]", "w [D], b []" */
const char *mdl_c_shape(MdlArena *arena, const MdlType *type);
const char *mdl_c_leaves(MdlArena *arena, const MdlSignature *s, const MdlParam *param);
/* A struct's leaves as the initialiser of an array of texts, for mdl_model of runtime/mdl.h:
 * {"N, D", "w f32[D]", ..., 0}; in a value struct with offsets, "fc1.w f32[64, 10] @ 0". `sizes`: the
 * names of its run-time sizes in order. */
const char *mdl_c_leaf_table(MdlIr *ir, const MdlSignature *s, const MdlStruct *type,
                             const char *sizes);
/* Bytes of the work buffer as a size; "0" without one. */
const char *mdl_c_work(MdlIr *ir, MlirOperation entry);
/* Bytes of a leaf as a size; NULL on overflow. */
const MdlSize *mdl_c_bytes(MdlIr *ir, const MdlType *type);
/* Functions of the host that the module calls: their declarations, what stands for them where the
 * program has none, and their names as a JSON array. "" (or []) for none. */
const char *mdl_c_hooks_declared(MdlIr *ir, MlirOperation module);
const char *mdl_c_hooks_weak(MdlIr *ir, MlirOperation module);
const char *mdl_c_hooks_json(MdlIr *ir, MlirOperation module);
/* Entry's C symbol. */
const char *mdl_c_symbol(MdlIr *ir, MlirOperation entry);

#endif
