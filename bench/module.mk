# The parts that programs share. The FMA loop is written as x * a + b, which the compiler has to contract.
noinst_LTLIBRARIES += %reldir%/libbench.la
%C%_libbench_la_SOURCES = \
    %reldir%/common.c \
    %reldir%/common.h \
    %reldir%/images.c \
    %reldir%/images.h \
    %reldir%/limits.c \
    %reldir%/limits.h
%C%_libbench_la_CFLAGS = $(AM_CFLAGS) -ffp-contract=fast

noinst_PROGRAMS += %reldir%/step
%C%_step_LDADD = %reldir%/libbench.la $(LDADD)
%C%_step_SOURCES = \
    %reldir%/ae.c \
    %reldir%/convvae.c \
    %reldir%/convvae.h \
    %reldir%/iwae.c \
    %reldir%/mixture.c \
    %reldir%/presets.c \
    %reldir%/step.c \
    %reldir%/untuned.c \
    %reldir%/workloads.c \
    %reldir%/workloads.h

noinst_PROGRAMS += %reldir%/decode
%C%_decode_LDADD = %reldir%/libbench.la $(LDADD)
%C%_decode_SOURCES = %reldir%/decode.c

noinst_PROGRAMS += %reldir%/compile
%C%_compile_LDADD = %reldir%/libbench.la $(LDADD)
%C%_compile_SOURCES = %reldir%/compile.c

# Calls kernels of the library's inside.
noinst_PROGRAMS += %reldir%/ops
%C%_ops_LDADD = %reldir%/libbench.la libelbo_internal.la
%C%_ops_SOURCES = \
    %reldir%/ops.c \
    %reldir%/ops.h \
    %reldir%/ops_graphs.c \
    %reldir%/ops_kernels.c \
    %reldir%/ops_products.c

# Beside other builds and other frameworks: see docs/performance.md.
EXTRA_DIST += \
    %reldir%/beside \
    %reldir%/kept.json \
    %reldir%/peers \
    %reldir%/peers_jax.py \
    %reldir%/peers_torch.py \
    %reldir%/peers_torch_models.py \
    %reldir%/peers_worker.py \
    %reldir%/report

# Our own figures, in about a minute, on the terminal and in bench.txt.
bench_data = $(abs_top_srcdir)/data/mnist
bench: elbo$(EXEEXT) %reldir%/step$(EXEEXT) %reldir%/decode$(EXEEXT) %reldir%/ops$(EXEEXT)
	@rm -f bench.done
	@{ $(srcdir)/%reldir%/report '$(bench_data)' && : >bench.done; } | tee bench.txt; rm bench.done
CLEANFILES += bench.txt

# Beside PyTorch and JAX, which the interpreter PEERS_PYTHON has: figures to peers.json, ratios compared with those that
# were kept of this processor.
peers: %reldir%/step$(EXEEXT) %reldir%/decode$(EXEEXT)
	@test -n "$$PEERS_PYTHON" || { echo "PEERS_PYTHON: an interpreter that has torch and jax" >&2; exit 1; }
	$(srcdir)/%reldir%/peers --data '$(bench_data)' --python "$$PEERS_PYTHON" --programs %reldir% \
	    --json peers.json --kept $(srcdir)/%reldir%/kept.json
CLEANFILES += peers.json

.PHONY: bench peers
