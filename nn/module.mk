public_headers += \
    %reldir%/corruption.h \
    %reldir%/distribution.h \
    %reldir%/explain.h \
    %reldir%/init.h \
    %reldir%/layers.h \
    %reldir%/likelihood.h \
    %reldir%/model.h \
    %reldir%/model_options.h \
    %reldir%/net.h \
    %reldir%/objective.h \
    %reldir%/optim.h \
    %reldir%/option.h \
    %reldir%/pca.h \
    %reldir%/picture.h \
    %reldir%/run.h \
    %reldir%/schedule.h \
    %reldir%/train.h

library_sources += \
    %reldir%/corruption.c \
    %reldir%/dist_bernoulli.c \
    %reldir%/dist_categorical.c \
    %reldir%/dist_continuous_bernoulli.c \
    %reldir%/dist_normal.c \
    %reldir%/dist_private.h \
    %reldir%/dist_squared_error.c \
    %reldir%/distribution.c \
    %reldir%/explain.c \
    %reldir%/folder.c \
    %reldir%/folder.h \
    %reldir%/init.c \
    %reldir%/layers.c \
    %reldir%/likelihood.c \
    %reldir%/model.c \
    %reldir%/net.c \
    %reldir%/net_conv.c \
    %reldir%/net_private.h \
    %reldir%/objective.c \
    %reldir%/optim.c \
    %reldir%/option.c \
    %reldir%/pca.c \
    %reldir%/picture.c \
    %reldir%/picture_features.c \
    %reldir%/picture_latent.c \
    %reldir%/picture_private.h \
    %reldir%/run.c \
    %reldir%/run_file.c \
    %reldir%/run_plans.c \
    %reldir%/run_private.h \
    %reldir%/run_table.c \
    %reldir%/run_work.c \
    %reldir%/schedule.c \
    %reldir%/train.c \
    %reldir%/train_options.c \
    %reldir%/train_private.h \
    %reldir%/train_save.c
