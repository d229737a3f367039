public_headers += \
    %reldir%/export.h

library_sources += \
    %reldir%/c_functions.c \
    %reldir%/c_loops.c \
    %reldir%/c_source.h \
    %reldir%/c_steps.c \
    %reldir%/c_storage.c \
    %reldir%/export.c \
    %reldir%/export_c.c \
    %reldir%/export_onnx.c \
    %reldir%/export_private.h \
    %reldir%/export_pytorch.c \
    %reldir%/fold.c \
    %reldir%/fold.h \
    %reldir%/import.c \
    %reldir%/json.c \
    %reldir%/onnx.c \
    %reldir%/onnx.h \
    %reldir%/onnx_steps.c \
    %reldir%/program.c \
    %reldir%/program.h \
    %reldir%/pytorch.h \
    %reldir%/pytorch_body.c \
    %reldir%/pytorch_modules.c \
    %reldir%/pytorch_words.c
