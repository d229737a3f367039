# Each is a program of one file that uses the library as a stranger would.
AM_DEFAULT_SOURCE_EXT = .c

example_programs += \
    %reldir%/01-tensor \
    %reldir%/02-gradient \
    %reldir%/03-regression \
    %reldir%/04-network \
    %reldir%/05-distribution \
    %reldir%/06-vae \
    %reldir%/07-train \
    %reldir%/08-model \
    %reldir%/09-cvae \
    %reldir%/10-laplace \
    %reldir%/11-own-loop \
    %reldir%/12-program \
    %reldir%/13-student-t \
    %reldir%/14-fair \
    %reldir%/15-gumbel \
    %reldir%/16-sigma \
    %reldir%/17-flow-prior
