public_headers += \
    %reldir%/batches.h \
    %reldir%/train.h

library_sources += \
    %reldir%/batches.c \
    %reldir%/checkpoint.c \
    %reldir%/epoch.c \
    %reldir%/steps.c \
    %reldir%/train.c \
    %reldir%/train_config.c \
    %reldir%/train_options.c \
    %reldir%/train_private.h \
    %reldir%/train_save.c
