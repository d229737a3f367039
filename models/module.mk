public_headers += \
    %reldir%/models.h

library_sources += \
    %reldir%/cvae.c \
    %reldir%/models.c \
    %reldir%/vae.c \
    %reldir%/vae.h
