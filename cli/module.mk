public_headers += \
    %reldir%/program.h

library_sources += \
    %reldir%/cmd_angles.c \
    %reldir%/cmd_anomaly.c \
    %reldir%/cmd_classify.c \
    %reldir%/cmd_compare.c \
    %reldir%/cmd_completion.c \
    %reldir%/cmd_decode.c \
    %reldir%/cmd_encode.c \
    %reldir%/cmd_evaluate.c \
    %reldir%/cmd_export.c \
    %reldir%/cmd_features.c \
    %reldir%/cmd_frechet.c \
    %reldir%/cmd_import.c \
    %reldir%/cmd_impute.c \
    %reldir%/cmd_info.c \
    %reldir%/cmd_interpolate.c \
    %reldir%/cmd_manifold.c \
    %reldir%/cmd_manual.c \
    %reldir%/cmd_models.c \
    %reldir%/cmd_plan.c \
    %reldir%/cmd_reconstruct.c \
    %reldir%/cmd_report.c \
    %reldir%/cmd_sample.c \
    %reldir%/cmd_scatter.c \
    %reldir%/cmd_train.c \
    %reldir%/cmd_traverse.c \
    %reldir%/codes.c \
    %reldir%/codes.h \
    %reldir%/command.h \
    %reldir%/compare.c \
    %reldir%/compare.h \
    %reldir%/data.c \
    %reldir%/data.h \
    %reldir%/declared.c \
    %reldir%/declared.h \
    %reldir%/evaluate.c \
    %reldir%/evaluate.h \
    %reldir%/figures.c \
    %reldir%/figures.h \
    %reldir%/grid.c \
    %reldir%/grid.h \
    %reldir%/help.c \
    %reldir%/help.h \
    %reldir%/on_model.c \
    %reldir%/on_model.h \
    %reldir%/on_run.c \
    %reldir%/on_run.h \
    %reldir%/options.c \
    %reldir%/options.h \
    %reldir%/preview.c \
    %reldir%/preview.h \
    %reldir%/program.c \
    %reldir%/progress.c \
    %reldir%/progress.h \
    %reldir%/result.c \
    %reldir%/result.h \
    %reldir%/rows.c \
    %reldir%/rows.h \
    %reldir%/sampler.c \
    %reldir%/sampler.h \
    %reldir%/slow.c \
    %reldir%/slow.h \
    %reldir%/training.c \
    %reldir%/training.h

# The program is a main of three lines.
elbo_SOURCES = %reldir%/main.c
