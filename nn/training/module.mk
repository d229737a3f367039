public_headers += \
    %reldir%/train.h

library_sources += \
    %reldir%/train.c \
    %reldir%/train_options.c \
    %reldir%/train_private.h \
    %reldir%/train_save.c
