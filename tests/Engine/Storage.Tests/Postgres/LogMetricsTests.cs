using System.Diagnostics;
using Strata.Storage.Postgres;
using Strata.Storage.Tests.Contract;

namespace Strata.Storage.Tests.Postgres;

public sealed class LogMetricsTests
{
    /// <summary>Both in one test: listeners are those of the process.</summary>
    [Fact]
    public void StartCommit_WithoutACaller_HasASpan_OnlyWhereItsTraceIsSampled()
    {
        Activity.Current = null;
        var commit = Given.Commit(Given.Tenant());
        using (Listen(ActivitySamplingResult.PropagationData)) Assert.Null(LogMetrics.StartCommit(commit));
        Assert.Null(Activity.Current);
        using (Listen(ActivitySamplingResult.AllDataAndRecorded))
        using (var span = LogMetrics.StartCommit(commit)) Assert.NotNull(span);
        Assert.Null(Activity.Current);
    }

    private static ActivityListener Listen(ActivitySamplingResult decision)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == LogMetrics.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => decision,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
