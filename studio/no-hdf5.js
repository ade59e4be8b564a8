// In the place of h5wasm, whose 5 MB no page of the studio uses: src/studio/web/network refuses such files before.
throw new Error("the studio's pages read no HDF5 files");
