using Microsoft.Extensions.Logging;

namespace Strata.Storage.PrivateServer;

public sealed partial class PrivatePostgres
{
    [LoggerMessage(Level = LogLevel.Information, Message = "PostgreSQL {How}: process {Pid}, folder {Folder}, {ElapsedMs} ms")]
    private partial void Ready(string how, int pid, string folder, long elapsedMs);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PostgreSQL in {Folder} was not shut down cleanly; it is recovering")]
    private partial void Recovering(string folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "PostgreSQL (process {Pid}) died and is being restarted; its log: {LogFile}")]
    private partial void Died(int pid, string logFile);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PostgreSQL (process {Pid}) takes too long to stop; open work is cut off")]
    private partial void StopIsSlow(int pid);
}
