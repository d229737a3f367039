public_headers += \
    %reldir%/code_map.h \
    %reldir%/explain.h \
    %reldir%/run.h \
    %reldir%/spread.h

library_sources += \
    %reldir%/explain.c \
    %reldir%/folder.c \
    %reldir%/folder.h \
    %reldir%/nonfinite.c \
    %reldir%/nonfinite.h \
    %reldir%/run.c \
    %reldir%/run_classes.c \
    %reldir%/run_codes.c \
    %reldir%/run_file.c \
    %reldir%/run_job.c \
    %reldir%/run_job.h \
    %reldir%/run_impute.c \
    %reldir%/run_plans.c \
    %reldir%/run_private.h \
    %reldir%/run_table.c \
    %reldir%/run_values.c \
    %reldir%/run_work.c \
    %reldir%/spread.c
