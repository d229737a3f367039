public_headers += \
    %reldir%/distribution.h \
    %reldir%/explain.h \
    %reldir%/init.h \
    %reldir%/layers.h \
    %reldir%/model.h \
    %reldir%/objective.h \
    %reldir%/optim.h \
    %reldir%/option.h \
    %reldir%/picture.h \
    %reldir%/run.h \
    %reldir%/train.h

library_sources += \
    %reldir%/distribution.c \
    %reldir%/explain.c \
    %reldir%/folder.c \
    %reldir%/folder.h \
    %reldir%/init.c \
    %reldir%/layers.c \
    %reldir%/layers_conv.c \
    %reldir%/layers_norm.c \
    %reldir%/layers_private.c \
    %reldir%/layers_private.h \
    %reldir%/model.c \
    %reldir%/objective.c \
    %reldir%/optim.c \
    %reldir%/option.c \
    %reldir%/picture.c \
    %reldir%/run.c \
    %reldir%/run_file.c \
    %reldir%/run_plans.c \
    %reldir%/run_private.h \
    %reldir%/run_table.c \
    %reldir%/run_work.c \
    %reldir%/train.c \
    %reldir%/train_options.c \
    %reldir%/train_private.h \
    %reldir%/train_save.c
