public_headers += \
    %reldir%/latent_use.h \
    %reldir%/measure.h

library_sources += \
    %reldir%/latent_use.c \
    %reldir%/measure.c \
    %reldir%/measure_file.c
