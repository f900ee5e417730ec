using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using OpenTelemetry.Trace;

namespace Strata.Telemetry;

/// <summary>
/// Samples a share of the traces. A span whose parent is in this process follows its parent. Everything that comes from outside is decided
/// here, whatever its <c>sampled</c> flag says, by the trace id under a secret key: processes with the same key agree about a trace, and a
/// client can neither force sampling by the flag nor by the choice of its id.
/// </summary>
internal sealed class TraceSampler(double ratio, ReadOnlyMemory<byte> key) : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var parent = samplingParameters.ParentContext;
        var isLocal = parent.TraceId != default && !parent.IsRemote;
        var isSampled = isLocal ? parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) : IsChosen(samplingParameters.TraceId);
        return new SamplingResult(isSampled ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }

    private bool IsChosen(ActivityTraceId id)
    {
        if (ratio is <= 0 or >= 1) return ratio >= 1;
        Span<byte> bytes = stackalloc byte[16];
        id.CopyTo(bytes);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key.Span, bytes, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash) < ratio * ulong.MaxValue;
    }
}
