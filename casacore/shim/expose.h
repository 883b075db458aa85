// A way to members that casacore keeps to itself.
#ifndef NVSS_EXPOSE_H
#define NVSS_EXPOSE_H

namespace {

// An explicit instantiation may name private members: `Key` says which type one has, and finds it by `member_of`.
template <class Key, typename Key::Member member>
struct Expose {
  friend typename Key::Member member_of(Key) { return member; }
};

}  // namespace

#endif
