public_headers += \
    %reldir%/ball.h \
    %reldir%/init.h \
    %reldir%/layers.h \
    %reldir%/quantise.h \
    %reldir%/spectral.h

library_sources += \
    %reldir%/ball.c \
    %reldir%/conv.c \
    %reldir%/init.c \
    %reldir%/layers.c \
    %reldir%/layers_private.c \
    %reldir%/layers_private.h \
    %reldir%/masked.c \
    %reldir%/norm.c \
    %reldir%/quantise.c \
    %reldir%/quantise_private.h \
    %reldir%/quantise_residual.c \
    %reldir%/spectral.c
