using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Strata.Edge.Transport;

/// <summary>An array of the kernel's <c>struct epoll_event</c>, which is packed on x86-64 only.</summary>
internal readonly struct Events(int count)
{
    public const uint In = 0x1, Out = 0x4, Error = 0x8, HangUp = 0x10, PeerShut = 0x2000, EdgeTriggered = 1u << 31;

    private static readonly int KeyAtByte = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int Size = KeyAtByte + sizeof(long);

    private readonly byte[] bytes = GC.AllocateArray<byte>(count * Size, pinned: true);

    public ref byte First => ref bytes[0];

    public uint FlagsAt(int index) => Unsafe.ReadUnaligned<uint>(ref bytes[index * Size]);

    public long KeyAt(int index) => Unsafe.ReadUnaligned<long>(ref bytes[(index * Size) + KeyAtByte]);

    public void Set(uint flags, long key)
    {
        Unsafe.WriteUnaligned(ref bytes[0], flags);
        Unsafe.WriteUnaligned(ref bytes[KeyAtByte], key);
    }
}
