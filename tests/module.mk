# The unit tests reach the internals; everything else here uses what is exported or installed.

check_PROGRAMS += %reldir%/unit
TESTS += %reldir%/unit
%C%_unit_SOURCES = $(unit_sources)
%C%_unit_CPPFLAGS = $(library_cppflags) $(CHECK_CFLAGS)
%C%_unit_LDADD = libelbo_internal.la $(CHECK_LIBS)

unit_sources += \
    %reldir%/golden/steps.h \
    %reldir%/numbers.c \
    %reldir%/numbers.h \
    %reldir%/patterns.c \
    %reldir%/patterns.h \
    %reldir%/rig.c \
    %reldir%/rig.h \
    %reldir%/scratch.c \
    %reldir%/scratch.h \
    %reldir%/suites.h \
    %reldir%/test_distribution.c \
    %reldir%/test_elementwise.c \
    %reldir%/test_io_files.c \
    %reldir%/test_io_idx.c \
    %reldir%/test_layers.c \
    %reldir%/test_models.c \
    %reldir%/test_objective.c \
    %reldir%/test_optim.c \
    %reldir%/test_option.c \
    %reldir%/test_product.c \
    %reldir%/test_reduce.c \
    %reldir%/test_run.c \
    %reldir%/test_tensor.c \
    %reldir%/test_train.c \
    %reldir%/unit.c

EXTRA_DIST += \
    %reldir%/golden/make_golden.py

# The shared library alone.
if SHARED
check_PROGRAMS += %reldir%/shared
TESTS += %reldir%/shared
endif
%C%_shared_SOURCES = %reldir%/shared.c

# Writes the images that the test of the program works on.
check_PROGRAMS += %reldir%/tiny_data
%C%_tiny_data_SOURCES = \
    %reldir%/patterns.c \
    %reldir%/patterns.h \
    %reldir%/tiny_data.c

script_tests = \
    %reldir%/floors \
    %reldir%/headers \
    %reldir%/sources \
    %reldir%/symbols \
    %reldir%/test_cli.sh

TESTS += $(script_tests)
dist_check_SCRIPTS += $(script_tests) %reldir%/installed

# What takes too long for every change: a million random graphs, of which `make check` tries the first two thousand.
check-slow: %reldir%/unit$(EXEEXT)
	$(AM_TESTS_ENVIRONMENT) ELBO_FUZZ_GRAPHS=1000000 CK_DEFAULT_TIMEOUT=0 %reldir%/unit fuzz

.PHONY: check-slow
