"""The names of the dtypes that weights can be quantized to."""

QUANTIZATION_DTYPE_FLOAT16 = "float16"
QUANTIZATION_DTYPE_UINT16 = "uint16"
QUANTIZATION_DTYPE_UINT8 = "uint8"
