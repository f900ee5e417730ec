using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Strata.Api.Http;

namespace Strata.Api.Tests.Http;

public sealed class RequestTraceTests : IDisposable
{
    private readonly ActivitySource source = new(nameof(RequestTraceTests));
    private readonly DefaultHttpContext http = new();
    private ActivitySamplingResult decision;

    public RequestTraceTests()
    {
        // The span of the test runner must not be the parent.
        Activity.Current = null;
    }

    public void Dispose() => source.Dispose();

    [Fact]
    public void Of_WithoutListeners_IsNull_WhateverTheClientSays()
    {
        using var span = new Activity("request");
        span.SetParentId(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        span.Start();
        Assert.True(span.Recorded);
        Assert.Null(RequestTrace.Of(http));
    }

    [Fact]
    public void Of_TraceThatThisProcessDoesNotSample_IsNull()
    {
        using var listener = Listen();
        decision = ActivitySamplingResult.PropagationData;
        using (source.StartActivity(ActivityKind.Server)) Assert.Null(RequestTrace.Of(http));
        var client = new ActivityContext(
            ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded, isRemote: true);
        using (source.StartActivity("request", ActivityKind.Server, client)) Assert.Null(RequestTrace.Of(http));
        decision = ActivitySamplingResult.AllDataAndRecorded;
        using (source.StartActivity("request", ActivityKind.Server, client)) Assert.NotNull(RequestTrace.Of(http));
    }

    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = s => s == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => decision,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
