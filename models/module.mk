public_headers += \
    %reldir%/models.h

library_sources += \
    %reldir%/ae.c \
    %reldir%/cvae.c \
    %reldir%/models.c \
    %reldir%/models_private.h \
    %reldir%/pca.c \
    %reldir%/pca.h \
    %reldir%/pca_fit.c \
    %reldir%/ppca.c \
    %reldir%/vae.c \
    %reldir%/vae.h
