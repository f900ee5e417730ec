using Strata.Contracts;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Hooks;

/// <summary>
/// One thing that the agent does for an instance at its start and end. Hooks start in the order of <see cref="InstanceHooks"/> and stop in
/// the opposite one. Each is called by one loop per instance; a start may be tried again after a failure of any of them, so that starting
/// twice must be harmless.
/// </summary>
internal interface IInstanceHook
{
    /// <summary>Before the run, or as the run; fills in what later hooks need.</summary>
    Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken) =>
        Task.FromResult<Result<Done>>(default(Done));

    /// <summary>Takes up an instance that runs already, because an earlier life of the agent started it.</summary>
    Task ResumeAsync(InstanceContext context, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called once the instance is to end permanently.</summary>
    Task StopAsync(InstanceContext context, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>What hooks know about one instance and pass to one another. Belongs to the instance's loop.</summary>
internal sealed class InstanceContext(Resource<InstanceSpec, InstanceStatus> instance, string logFile)
{
    /// <summary>As last received from the API.</summary>
    public Resource<InstanceSpec, InstanceStatus> Instance { get; set; } = instance;

    public string Id => Instance.Id;
    public string Org => Instance.Org;
    public InstanceSpec Spec => Instance.Spec;
    public string LogFile => logFile;

    /// <summary>The unpacked image.</summary>
    public string AppFolder { get; set; } = "";

    /// <summary>Where the program starts if the image is a whole root file system; null if not.</summary>
    public string? RootWorkFolder { get; set; }

    /// <summary>The instance's own token.</summary>
    public string Token { get; set; } = "";

    /// <summary>The user's, with values in the place of references; while it starts alone.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; set; } = new Dictionary<string, string>();

    /// <summary>From where it runs to the variables that the platform adds.</summary>
    public Func<RunEndpoint, IReadOnlyDictionary<string, string>>? PlatformEnv { get; set; }

    /// <summary>Said when it is stopped; null when it ended as it should.</summary>
    public string? StopMessage { get; set; }
    public int? ExitCode { get; set; }
}
