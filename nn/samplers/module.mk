public_headers += \
    %reldir%/sampler.h

library_sources += \
    %reldir%/flow.c \
    %reldir%/gmm.c \
    %reldir%/hmc.c \
    %reldir%/hmc.h \
    %reldir%/kmeans.c \
    %reldir%/kmeans.h \
    %reldir%/metric.c \
    %reldir%/mixture.c \
    %reldir%/mixture.h \
    %reldir%/on_codes.c \
    %reldir%/on_codes.h \
    %reldir%/options.h \
    %reldir%/pixelcnn.c \
    %reldir%/pixelcnn.h \
    %reldir%/prior.c \
    %reldir%/sampler.c \
    %reldir%/sampler_file.c \
    %reldir%/sampler_private.h \
    %reldir%/two_stage.c
