#include "protobuf.h"

#include <string.h>

#include "../tensor/memory.h"

enum { VARINT = 0, LENGTH_DELIMITED = 2, FIXED32 = 5 }; /* wire types */

static void append(elbo__message *message, const void *bytes, size_t count)
{
    if (!message->failed &&
        elbo__grow((void **)&message->bytes, &message->capacity, message->length + count + 1, 1) != ELBO_OK)
        message->failed = true;
    if (message->failed || count == 0)
        return;
    memcpy(message->bytes + message->length, bytes, count);
    message->length += count;
}

/* Seven bits a byte, the least first; all but the last have the eighth set. */
static void append_varint(elbo__message *message, uint64_t value)
{
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (unsigned char)((value & 127) | (value > 127 ? 128 : 0));
        value >>= 7;
    } while (value);
    append(message, bytes, n);
}

static void append_key(elbo__message *message, int field, int wire_type)
{
    append_varint(message, (uint64_t)field << 3 | (uint64_t)wire_type);
}

void elbo__message_integer(elbo__message *message, int field, int64_t value)
{
    append_key(message, field, VARINT);
    append_varint(message, (uint64_t)value);
}

void elbo__message_float(elbo__message *message, int field, float value)
{
    uint32_t bits;
    unsigned char bytes[4];
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    append_key(message, field, FIXED32);
    append(message, bytes, sizeof bytes);
}

void elbo__message_bytes(elbo__message *message, int field, const void *bytes, size_t count)
{
    append_key(message, field, LENGTH_DELIMITED);
    append_varint(message, count);
    append(message, bytes, count);
}

void elbo__message_text(elbo__message *message, int field, const char *text)
{
    elbo__message_bytes(message, field, text, strlen(text));
}

void elbo__message_part(elbo__message *message, int field, elbo__message *part)
{
    message->failed |= part->failed;
    elbo__message_bytes(message, field, part->bytes, part->length);
    elbo__message_clear(part);
}

void elbo__message_clear(elbo__message *message)
{
    elbo__free(message->bytes);
    *message = (elbo__message){.bytes = NULL};
}
