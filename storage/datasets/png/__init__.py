"""Fast decoding of mask PNGs: grey or palette images of up to 8 bits.

Other images go to Pillow in `images`.
"""
