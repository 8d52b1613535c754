/* Inside the PJRT client: protobuf messages read in place, and XLA's HloModuleProto. Any bytes may
 * be handed to it: a message that is cut short ends early. */
#ifndef MDL_RUNTIME_PJRT_PROTO_H
#define MDL_RUNTIME_PJRT_PROTO_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  const unsigned char *at, *end;
} mdl_proto;

typedef struct {
  int field, wire;   /* wire: 0 varint, 1 and 5 fixed, 2 bytes */
  uint64_t number;   /* of wire 0, 1 and 5 */
  mdl_proto message; /* of wire 2: a message, a text, packed numbers */
} mdl_proto_field;

/* The next field, and steps over it; 0 at the end. */
int mdl_proto_next(mdl_proto *message, mdl_proto_field *field);
/* The first field of that number. */
int mdl_proto_find(mdl_proto message, int field, mdl_proto_field *found);
/* The number in it, or `otherwise`. */
int64_t mdl_proto_number(mdl_proto message, int field, int64_t otherwise);

/* A repeated integer, packed or not. */
typedef struct {
  mdl_proto rest, packed;
  int field;
} mdl_proto_ints;
void mdl_proto_ints_open(mdl_proto_ints *ints, mdl_proto message, int field);
int mdl_proto_ints_next(mdl_proto_ints *ints, int64_t *value);

/* The HloModuleProto in a serialised one, or in a HloModuleProtoWithConfig. */
mdl_proto mdl_hlo_module(const void *bytes, size_t length);
/* Instructions of that opcode in the whole module. */
int64_t mdl_hlo_count(mdl_proto module, const char *opcode);
/* As HLO text, for reading; it leaves out attributes that say little. The caller frees it; NULL for
 * want of memory. */
char *mdl_hlo_text(mdl_proto module);

#endif
