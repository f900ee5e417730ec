using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;

namespace Strata.Deployments.Tests.Kinds;

public class RouteLimitTests
{
    /// <summary>Each limit by its field, its least and its most; the table in docs/edge.md says the same.</summary>
    public static TheoryData<string, long, long> Bounds => new()
    {
        { "connectSeconds", 1, 60 },
        { "holdSeconds", 0, 60 },
        { "firstByteSeconds", 1, 3600 },
        { "idleSeconds", 1, 86_400 },
        { "streamIdleSeconds", 1, 604_800 },
        { "bodyBytesMax", 0, 1L << 40 },
        { "requestsPerInstance", 1, 16_384 },
        { "streamsPerInstance", 0, 16_384 },
    };

    [Theory, MemberData(nameof(Bounds))]
    public void Limit_WithinItsBounds_IsTaken_AndBeyondThemNamed(string field, long least, long most)
    {
        Assert.Empty(Check(field, least));
        Assert.Empty(Check(field, most));
        foreach (var beyond in (long[])[least - 1, most + 1])
        {
            var fault = Assert.Single(Check(field, beyond));
            Assert.Equal("limits." + field, fault.Field);
            Assert.Equal($"It must be from {least} to {most}.", fault.Message);
        }
    }

    [Fact]
    public void Limits_ThatAreNotSet_AreTheEdges() => Assert.Empty(Check(new RouteLimits()));

    [Fact]
    public void Limits_ThatAreWrong_AreAllNamed() =>
        Assert.Equal(["limits.connectSeconds", "limits.idleSeconds"],
            Check(new RouteLimits { ConnectSeconds = 0, IdleSeconds = -1 }).Select(f => f.Field));

    private static IReadOnlyList<ValidationError> Check(string field, long value) => Check(field switch
    {
        "connectSeconds" => new RouteLimits { ConnectSeconds = (int)value },
        "holdSeconds" => new RouteLimits { HoldSeconds = (int)value },
        "firstByteSeconds" => new RouteLimits { FirstByteSeconds = (int)value },
        "idleSeconds" => new RouteLimits { IdleSeconds = (int)value },
        "streamIdleSeconds" => new RouteLimits { StreamIdleSeconds = (int)value },
        "bodyBytesMax" => new RouteLimits { BodyBytesMax = value },
        "requestsPerInstance" => new RouteLimits { RequestsPerInstance = (int)value },
        _ => new RouteLimits { StreamsPerInstance = (int)value },
    });

    private static IReadOnlyList<ValidationError> Check(RouteLimits limits) =>
        RouteChecks.Check(new RouteSpec { Host = "a.localhost", Deployment = "dep_1", Limits = limits });
}
