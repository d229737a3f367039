public_headers += \
    %reldir%/annealing.h \
    %reldir%/latent_use.h \
    %reldir%/measure.h

library_sources += \
    %reldir%/annealing.c \
    %reldir%/chains.c \
    %reldir%/chains.h \
    %reldir%/codes.c \
    %reldir%/codes.h \
    %reldir%/information.c \
    %reldir%/latent_use.c \
    %reldir%/measure.c \
    %reldir%/measure_file.c \
    %reldir%/weights.c \
    %reldir%/weights.h
