public_headers += \
    %reldir%/annealing.h \
    %reldir%/anomaly.h \
    %reldir%/disentangling.h \
    %reldir%/features.h \
    %reldir%/latent_use.h \
    %reldir%/measure.h

library_sources += \
    %reldir%/annealing.c \
    %reldir%/anomaly.c \
    %reldir%/chains.c \
    %reldir%/chains.h \
    %reldir%/codes.c \
    %reldir%/codes.h \
    %reldir%/columns.c \
    %reldir%/columns.h \
    %reldir%/disentangling.c \
    %reldir%/disentangling_private.h \
    %reldir%/factor_scores.c \
    %reldir%/features.c \
    %reldir%/features_private.h \
    %reldir%/information.c \
    %reldir%/latent_use.c \
    %reldir%/measure.c \
    %reldir%/stumps.c \
    %reldir%/weights.c \
    %reldir%/weights.h
