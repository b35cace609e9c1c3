"""What a run's HDF5 files hold, to the bit."""
import h5py


def tensors(path):
    """The bytes of every data set, by its name."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None)
    return found


def equal(one, other):
    return tensors(one) == tensors(other)
