using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Strata.Telemetry.Tests;

public sealed class TraceSamplerTests
{
    private static readonly byte[] Key = new byte[32];

    [Theory]
    [InlineData(0.0, false)]
    [InlineData(1.0, true)]
    public void ShouldSample_AParentOfAClient_DoesNotDecide(double ratio, bool isSampled)
    {
        var sampler = new TraceSampler(ratio, Key);
        foreach (var flags in new[] { ActivityTraceFlags.None, ActivityTraceFlags.Recorded })
            Assert.Equal(
                isSampled, Decide(
                    sampler, new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), flags, isRemote: true)));
    }

    [Theory]
    [InlineData(ActivityTraceFlags.None, false)]
    [InlineData(ActivityTraceFlags.Recorded, true)]
    public void ShouldSample_AParentInThisProcess_Decides(ActivityTraceFlags flags, bool isSampled) =>
        Assert.Equal(
            isSampled, Decide(
                new TraceSampler(0.5, Key), new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), flags)));

    [Fact]
    public void ShouldSample_TheSameTraceWithTheSameKey_IsTheSame_AndAnotherKeyChoosesOthers()
    {
        var (one, same, other) = (new TraceSampler(0.5, Key), new TraceSampler(0.5, Key), new TraceSampler(0.5, new byte[] { 1 }));
        var traces = Enumerable.Range(0, 1000)
            .Select(i =>
                new ActivityContext(ActivityTraceId.CreateFromString($"{i + 1:x32}"), ActivitySpanId.CreateRandom(),
                    ActivityTraceFlags.Recorded, isRemote: true)).ToList();
        Assert.All(traces, t => Assert.Equal(Decide(one, t), Decide(same, t)));
        Assert.InRange(traces.Count(t => Decide(one, t)), 400, 600); // a share of ids that a client has chosen too
        Assert.Contains(traces, t => Decide(one, t) != Decide(other, t));
    }

    private static bool Decide(TraceSampler sampler, ActivityContext parent) =>
        sampler.ShouldSample(
            new SamplingParameters(
                parent, parent.TraceId, "span", ActivityKind.Server, null, null)).Decision == SamplingDecision.RecordAndSample;
}
