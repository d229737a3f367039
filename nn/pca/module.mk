public_headers += \
    %reldir%/pca.h

library_sources += \
    %reldir%/directions.c \
    %reldir%/pca.c \
    %reldir%/pca_exact.c \
    %reldir%/pca_krylov.c \
    %reldir%/pca_private.h
