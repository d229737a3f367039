/* Internal: protocol buffers, as far as writing them goes: a message is fields one after the other.
 *
 *     elbo__message tensor = {0}, graph = {0};
 *     elbo__message_integer(&tensor, 1, 784);
 *     elbo__message_text(&tensor, 8, "weight");
 *     elbo__message_part(&graph, 5, &tensor);      // field 5 of graph, and `tensor` is empty again
 *     if (!graph.failed)
 *         elbo__write(writer, graph.bytes, graph.length);
 *     elbo__message_clear(&graph);
 */
#ifndef ELBO_IO_PROTOBUF_H
#define ELBO_IO_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins as zeros. Once memory is short it stays as it is and `failed` is set, which parts pass on. */
typedef struct {
    unsigned char *bytes;
    size_t length, capacity;
    bool failed;
} elbo__message;

void elbo__message_integer(elbo__message *message, int field, int64_t value); /* int32, int64, bool, enum */
void elbo__message_float(elbo__message *message, int field, float value);
void elbo__message_bytes(elbo__message *message, int field, const void *bytes, size_t count);
void elbo__message_text(elbo__message *message, int field, const char *text);
void elbo__message_part(elbo__message *message, int field, elbo__message *part); /* and clears it */
void elbo__message_clear(elbo__message *message);

#endif
