noinst_PROGRAMS += %reldir%/step
%C%_step_SOURCES = %reldir%/step.c
# Its FMA loop is written as x * a + b, which the compiler has to contract.
%C%_step_CFLAGS = $(AM_CFLAGS) -ffp-contract=fast
