public_headers += \
    %reldir%/csv.h \
    %reldir%/dataset.h \
    %reldir%/figure.h \
    %reldir%/idx.h \
    %reldir%/ini.h \
    %reldir%/jpeg.h \
    %reldir%/npy.h \
    %reldir%/png.h \
    %reldir%/safetensors.h \
    %reldir%/sprites.h

library_sources += \
    %reldir%/album.c \
    %reldir%/album.h \
    %reldir%/axis.c \
    %reldir%/axis.h \
    %reldir%/bytes.c \
    %reldir%/bytes.h \
    %reldir%/class_names.c \
    %reldir%/csv.c \
    %reldir%/dataset.c \
    %reldir%/dataset_private.h \
    %reldir%/drawing.c \
    %reldir%/drawing.h \
    %reldir%/drawing_png.c \
    %reldir%/drawing_svg.c \
    %reldir%/figure.c \
    %reldir%/file.c \
    %reldir%/file.h \
    %reldir%/font.c \
    %reldir%/font.h \
    %reldir%/gzip.c \
    %reldir%/gzip.h \
    %reldir%/idx.c \
    %reldir%/idx_folder.c \
    %reldir%/ini.c \
    %reldir%/jpeg_read.c \
    %reldir%/left_out.c \
    %reldir%/left_out.h \
    %reldir%/listing.c \
    %reldir%/listing.h \
    %reldir%/missing.c \
    %reldir%/npy.c \
    %reldir%/palette.c \
    %reldir%/palette.h \
    %reldir%/picture_folder.c \
    %reldir%/picture_format.c \
    %reldir%/picture_format.h \
    %reldir%/png.c \
    %reldir%/png_private.h \
    %reldir%/png_read.c \
    %reldir%/quote.c \
    %reldir%/quote.h \
    %reldir%/safetensors.c \
    %reldir%/safetensors_format.h \
    %reldir%/safetensors_write.c \
    %reldir%/sprites.c
