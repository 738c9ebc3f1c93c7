/*
 * decoder_handover.c
 *		Handing a decoder over from one server process to another, which needs it for the same role.
 *
 * Starting a decoder takes some milliseconds of processor time and handing one over some hundredths of that.  A decoder that
 * is handed over is idle, with no message in its socket, and gets images of the same role in the same database only, under the
 * same limits.  The server processes pass its descriptors to each other; the decoder learns of it by its next request.
 */
#include "postgres.h"

#include <unistd.h>

#include "miscadmin.h"

#include "decoder.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/shared/decoder_slot.h"

TeDecoderKind
te_decoder_kind(Oid role)
{
	return (TeDecoderKind)
	{
		.role = role, .database = MyDatabaseId, .memory_mb = te_decoder_memory, .file_mb = te_max_file_size,
			.timeout_ms = te_decode_timeout
	};
}

bool
te_decoder_is_wanted(const TeDecoder *decoder)
{
	TeDecoderKind kind = te_decoder_kind(decoder->role);

	return decoder->state == TE_DECODER_READY && decoder->nentries == 0 && OidIsValid(decoder->role) &&
		decoder->process.template_sock >= 0 && te_decoder_is_usable(decoder) &&
		te_decoder_slot_others_wait() && te_decoder_slot_is_wanted(&kind);
}

bool
te_decoder_give(TeDecoder *decoder)
{
	TeDecoderKind kind = te_decoder_kind(decoder->role);
	TeHandover	handover;
	int			fds[TE_HANDOVER_FDS];

	memset(&handover, 0, sizeof(handover));
	handover.busy_ms = decoder->busy_ms;
	handover.images = decoder->images;
	handover.hello = decoder->hello;
	fds[TE_HANDOVER_SOCKET] = decoder->process.sock;
	fds[TE_HANDOVER_LOG] = decoder->process.log;
	fds[TE_HANDOVER_TEMPLATE] = decoder->process.template_sock;
	if (!te_decoder_slot_give(decoder->process.child, &kind, &handover, fds))
		return false;
	te_process_leave(&decoder->process);
	return true;
}

TeDecoder *
te_decoder_receive(MemoryContext context, int child)
{
	TeDecoderKind kind;
	TeHandover	handover;
	int			fds[TE_HANDOVER_FDS];
	TeDecoder  *decoder;

	if (!te_decoder_slot_receive(child, &kind, &handover, fds))
		return NULL;
	decoder = MemoryContextAllocExtended(context, sizeof(TeDecoder), MCXT_ALLOC_ZERO | MCXT_ALLOC_NO_OOM);
	if (decoder == NULL)
	{
		te_handover_drop(fds);
		return NULL;
	}
	if (!te_process_take_over(&decoder->process, child, handover.pid, fds))
	{
		pfree(decoder);
		return NULL;
	}
	decoder->state = TE_DECODER_READY;
	decoder->role = kind.role;
	decoder->memory_mb = kind.memory_mb;
	decoder->file_mb = kind.file_mb;
	decoder->timeout_ms = kind.timeout_ms;
	decoder->hello = handover.hello;
	decoder->images = handover.images;
	decoder->busy_ms = handover.busy_ms;
	decoder->started_ms = te_now_ms();	/* here: its turn begins */
	decoder->deadline_ms = PG_INT64_MAX;
	te_decoder_slot_idle(child);
	return decoder;
}
