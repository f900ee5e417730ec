using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Storage.Postgres;

internal sealed partial class GroupWriter
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The database cannot write at the moment; {Commits} commits fail")]
    private partial void AppendFailed(Exception e, int commits);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The outcome of commits could not be looked up; clients get it when they retry")]
    private partial void NotResolved(Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refused commit {Commit} of {Tenant}")]
    private partial void CommitRefused(Exception e, TenantId tenant, CommitId commit);
}
