/* The functions that a generated file begins with, as far as it calls them. */
#include "c_source.h"

const char elbo__c_linear[] = "\n/* y (n, out) = x (n, in) w' + b, of w (out, in) and b (out), or none */\n"
                              "static void linear(const float *x, const float *w, const float *b, float *y, int n, "
                              "int in, int out)\n"
                              "{\n"
                              "    for (int i = 0; i < n; i++)\n"
                              "        for (int o = 0; o < out; o++) {\n"
                              "            float sum = 0;\n"
                              "            for (int k = 0; k < in; k++)\n"
                              "                sum += w[o * in + k] * x[i * in + k];\n"
                              "            y[i * out + o] = b ? sum + b[o] : sum;\n"
                              "        }\n"
                              "}\n";

const char elbo__c_matmul[] = "\n/* y (n, rows, columns) = a (n, rows, inner) b (n, inner, columns) */\n"
                              "static void matmul(const float *a, const float *b, float *y, int n, int rows, "
                              "int inner, int columns)\n"
                              "{\n"
                              "    for (int i = 0; i < n * rows; i++)\n"
                              "        for (int j = 0; j < columns; j++) {\n"
                              "            float sum = 0;\n"
                              "            for (int k = 0; k < inner; k++)\n"
                              "                sum += a[i * inner + k] * b[(i / rows * inner + k) * columns + j];\n"
                              "            y[i * columns + j] = sum;\n"
                              "        }\n"
                              "}\n";

/* The loops of both convolutions go through y and meet x through the kernel, so that y or x is added to once for each
 * weight. */
const char elbo__c_conv2d[] =
    "\n/* y (out, yh, yw): x (in, xh, xw) met by w (out, in, kh, kw) at every stride-th place, b (out) added if any "
    "*/\n"
    "static void conv2d(const float *x, const float *w, const float *b, float *y, int in, int xh, int xw, int out, "
    "int yh,\n"
    "                   int yw, int kh, int kw, int stride, int padding)\n"
    "{\n"
    "    for (int o = 0; o < out; o++)\n"
    "        for (int p = 0; p < yh * yw; p++) {\n"
    "            float sum = 0;\n"
    "            for (int c = 0; c < in; c++)\n"
    "                for (int k = 0; k < kh * kw; k++) {\n"
    "                    const int row = p / yw * stride + k / kw - padding, column = p % yw * stride + k % kw - "
    "padding;\n"
    "                    if (row >= 0 && row < xh && column >= 0 && column < xw)\n"
    "                        sum += w[(o * in + c) * kh * kw + k] * x[(c * xh + row) * xw + column];\n"
    "                }\n"
    "            y[o * yh * yw + p] = b ? sum + b[o] : sum;\n"
    "        }\n"
    "}\n";

const char elbo__c_conv_transpose2d[] =
    "\n/* y (out, yh, yw): what x (in, xh, xw) sends there through w (in, out, kh, kw), b (out) added if any */\n"
    "static void conv_transpose2d(const float *x, const float *w, const float *b, float *y, int in, int xh, int xw, "
    "int out,\n"
    "                             int yh, int yw, int kh, int kw, int stride, int padding)\n"
    "{\n"
    "    for (int i = 0; i < out * yh * yw; i++)\n"
    "        y[i] = b ? b[i / (yh * yw)] : 0;\n"
    "    for (int c = 0; c < in; c++)\n"
    "        for (int o = 0; o < out; o++)\n"
    "            for (int p = 0; p < xh * xw; p++)\n"
    "                for (int k = 0; k < kh * kw; k++) {\n"
    "                    const int row = p / xw * stride + k / kw - padding, column = p % xw * stride + k % kw - "
    "padding;\n"
    "                    if (row >= 0 && row < yh && column >= 0 && column < yw)\n"
    "                        y[(o * yh + row) * yw + column] += w[(c * out + o) * kh * kw + k] * x[c * xh * xw + p];\n"
    "                }\n"
    "}\n";

const char elbo__c_batch_norm[] =
    "\n/* y (channels, size) = (x - mean) / sqrt(variance + epsilon) w + b, each of them (channels) */\n"
    "static void batch_norm(const float *x, const float *mean, const float *variance, const float *w, const float *b,\n"
    "                       float *y, int channels, int size, float epsilon)\n"
    "{\n"
    "    for (int i = 0; i < channels * size; i++) {\n"
    "        const int c = i / size;\n"
    "        y[i] = (x[i] - mean[c]) * (w[c] / sqrtf(variance[c] + epsilon)) + b[c];\n"
    "    }\n"
    "}\n";
