library_sources += \
    %reldir%/kmeans.c \
    %reldir%/kmeans.h \
    %reldir%/mixture.c \
    %reldir%/mixture.h
