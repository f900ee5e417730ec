using System.Buffers;
using System.Collections.Concurrent;

namespace Strata.Edge.Transport;

/// <summary>Blocks of 4 KB for what Kestrel keeps of a connection itself. A bounded number of unused ones is kept. Thread-safe.</summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    private const int BlockBytes = 4096;
    private const int KeptMax = 1024;

    private readonly ConcurrentBag<Block> unused = [];

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        return unused.TryTake(out var block) ? block : new Block(this);
    }

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BlockBytes);

        public void Dispose()
        {
            if (pool.unused.Count < KeptMax) pool.unused.Add(this);
        }
    }
}
