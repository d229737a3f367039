public_headers += \
    %reldir%/picture.h

library_sources += \
    %reldir%/features.c \
    %reldir%/latent.c \
    %reldir%/picture.c \
    %reldir%/picture_file.c \
    %reldir%/picture_private.h \
    %reldir%/scatter.c
